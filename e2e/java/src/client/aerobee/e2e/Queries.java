package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Map;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** What a producer can ask about stored messages: by id, by key, offsets by time. */
final class Queries {
    private Queries() {
    }

    @SuppressWarnings("deprecation")
    static Map<String, Object> query(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        long before = System.currentTimeMillis();
        MessageQueue queue = null;
        SendResult last = null;
        int count = 30;
        for (int n = 0; n < count; n++) {
            last = queue == null
                ? producer.send(Samples.message(topic, n))
                : producer.send(Samples.message(topic, n), queue);
            Samples.sendOk(last);
            queue = last.getMessageQueue();
        }
        MessageExt viewed = producer.viewMessage(topic, last.getOffsetMsgId());
        Samples.compare(topic, viewed);
        Check.equal(count - 1, Samples.number(viewed), "message viewed by its offset id");

        MessageExt byUniqueKey = producer.viewMessage(topic, last.getMsgId());
        Check.equal(count - 1, Samples.number(byUniqueKey), "message viewed by its unique id");

        // The index keeps whole seconds, so the range is wider than the sends took.
        long from = before - 2_000;
        long to = System.currentTimeMillis() + 2_000;
        awaitByKey(producer, topic, "key-7", from, to, 1);
        awaitByKey(producer, topic, "shared", from, to, count);
        Check.equal((long) count, producer.maxOffset(queue), "max offset");
        Check.equal(0L, producer.minOffset(queue), "min offset");
        Check.equal(0L, producer.searchOffset(queue, before - 60_000), "offset at a time before the first message");
        Check.equal(producer.earliestMsgStoreTime(queue) >= before - 1, true, "earliest store time is that of the first message");
        return new JSONObject().fluentPut("sent", count);
    }

    /** Finds the sample with the number "n" by its key. */
    static Map<String, Object> findByKey(Run run) throws Exception {
        long now = System.currentTimeMillis();
        awaitByKey(run.producer(), run.topic(), "key-" + run.number("n", 0), now - 3_600_000, now + 2_000, 1);
        return new JSONObject();
    }

    /** The index is built after the answer to the send, so the first tries may find less. */
    private static void awaitByKey(DefaultMQProducer producer, String topic, String key, long from, long to, int count)
        throws Exception {
        int[] found = {0};
        Run.await(() -> {
            try {
                QueryResult result = producer.queryMessage(topic, key, 64, from, to);
                found[0] = result.getMessageList().size();
                result.getMessageList().forEach(message -> Samples.compare(topic, message));
                return found[0] == count;
            } catch (MQClientException nothingYet) {
                return false;
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }, () -> count + " messages with key " + key + ", found " + found[0]);
    }
}
