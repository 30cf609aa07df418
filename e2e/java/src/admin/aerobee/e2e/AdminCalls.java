package aerobee.e2e;

import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.body.QueueTimeSpan;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Calls of the Java administration client that mqadmin has no sub-command for. */
final class AdminCalls {
    private AdminCalls() {
    }

    /** Runs "call" with "broker", "topic" and "group" and returns what is worth comparing. */
    static Map<String, Object> call(Run run) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt();
        admin.setNamesrvAddr(run.namesrv());
        admin.setInstanceName("admin-calls-" + System.nanoTime());
        admin.start();
        try {
            return new JSONObject().fluentPut("answer", answer(admin, run));
        } finally {
            admin.shutdown();
        }
    }

    private static Object answer(DefaultMQAdminExt admin, Run run) throws Exception {
        String topic = run.topic();
        String group = run.text("group");
        switch (run.text("call")) {
            case "consumerStatus":
                JSONObject status = new JSONObject();
                admin.getConsumeStatus(topic, group, run.text("clientId"))
                    .forEach((client, offsets) -> status.put(client, byQueue(offsets)));
                return status;
            case "timeSpan":
                JSONArray spans = new JSONArray();
                for (QueueTimeSpan span : admin.queryConsumeTimeSpan(topic, group)) {
                    spans.add(new JSONObject()
                        .fluentPut("queueId", span.getMessageQueue().getQueueId())
                        .fluentPut("min", span.getMinTimeStamp())
                        .fluentPut("max", span.getMaxTimeStamp())
                        .fluentPut("consumed", span.getConsumeTimeStamp())
                        .fluentPut("delay", span.getDelayTime()));
                }
                return spans;
            case "subscription":
                return admin.querySubscription(group, topic).getSubString();
            case "groupsOfTopic":
                return new TreeSet<>(admin.queryTopicConsumeByWho(topic).getGroupList());
            case "topicsOfGroup":
                return new TreeSet<>(admin.queryTopicsByConsumer(group).getTopicList());
            case "clone":
                admin.cloneGroupOffset(group, run.text("to"), topic, true);
                return true;
            case "committed":
                JSONObject committed = new JSONObject();
                admin.fetchConsumeStatsInBroker(run.text("broker"), false, 10_000).getConsumeStatsList().forEach(
                    groups -> groups.getOrDefault(group, List.of()).forEach(
                        stats -> stats.getOffsetTable().forEach(
                            (queue, offsets) -> committed.put(Integer.toString(queue.getQueueId()), offsets.getConsumerOffset()))));
                return committed;
            case "stats":
                return admin.viewBrokerStatsData(run.text("broker"), run.text("name"), run.text("key"))
                    .getStatsMinute().getSum();
            case "resetQueue":
                admin.resetOffsetByQueueId(run.text("broker"), group, topic, run.number("queue", 0), run.number("offset", 0));
                return true;
            default:
                throw new IllegalArgumentException("no such call: " + run.text("call"));
        }
    }

    private static Map<String, Long> byQueue(Map<MessageQueue, Long> offsets) {
        Map<String, Long> result = new TreeMap<>();
        offsets.forEach((queue, offset) -> result.put(Integer.toString(queue.getQueueId()), offset));
        return result;
    }
}
