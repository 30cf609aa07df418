package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The whole content of a topic as text, to compare what two brokers make of the same store directory. */
@SuppressWarnings("deprecation")
final class Dump {
    private Dump() {
    }

    /** Fills a topic with messages of every kind: plain, tagged, compressed, large, batches. */
    static Map<String, Object> fill(Run run) throws Exception {
        String topic = run.topic();
        int first = run.number("first", 0);
        int count = run.number("count", 200);
        DefaultMQProducer producer = run.producer();
        for (int n = first; n < first + count; n++) {
            Samples.sendOk(producer.send(Samples.message(topic, n)));
        }
        List<Message> batch = new ArrayList<>();
        for (int n = first + count; n < first + count + 16; n++) {
            batch.add(Samples.message(topic, n));
        }
        SendResult result = producer.send(batch);
        Samples.sendOk(result);
        return new JSONObject().fluentPut("sent", count + batch.size());
    }

    /** Writes one line a queue (its min and max offset) and one a message, in order, to the file. */
    static Map<String, Object> dump(Run run) throws Exception {
        int[] messages = {0};
        try (PrintWriter file = new PrintWriter(run.text("file"), "UTF-8")) {
            readAll(run, queue -> file.println(queue), message -> {
                messages[0]++;
                file.println(describe(message));
            });
        }
        return new JSONObject().fluentPut("messages", messages[0]);
    }

    /** Reads every queue of the topic from its min to its max offset; offsets must follow each other without a gap. */
    static void readAll(Run run, Consumer<String> eachQueue, Consumer<MessageExt> eachMessage) throws Exception {
        DefaultMQPullConsumer consumer = run.pullConsumer(run.group("dump"));
        for (MessageQueue queue : new TreeSet<>(consumer.fetchSubscribeMessageQueues(run.topic()))) {
            long min = consumer.minOffset(queue);
            long max = consumer.maxOffset(queue);
            eachQueue.accept("queue " + queue.getBrokerName() + "/" + queue.getQueueId() + " " + min + ".." + max);
            for (long offset = min; offset < max; ) {
                PullResult result = consumer.pull(queue, "*", offset, 32);
                Check.equal(PullStatus.FOUND, result.getPullStatus(), "pull of " + queue + " at " + offset + " below its max offset " + max);
                for (MessageExt message : result.getMsgFoundList()) {
                    Check.equal(offset, message.getQueueOffset(), "next offset in " + queue);
                    eachMessage.accept(message);
                    offset++;
                }
                Check.equal(offset, result.getNextBeginOffset(), "next begin offset");
            }
        }
    }

    private static String describe(MessageExt message) {
        Map<String, String> properties = new TreeMap<>(message.getProperties());
        // Added by the broker or the client on the way to the consumer, not part of what is stored.
        properties.remove(MessageConst.PROPERTY_MIN_OFFSET);
        properties.remove(MessageConst.PROPERTY_MAX_OFFSET);
        return "  " + message.getQueueId() + "@" + message.getQueueOffset()
            + " " + ((MessageClientExt) message).getOffsetMsgId()
            + " body " + hash(message.getBody())
            + " crc " + message.getBodyCRC() + " size " + message.getStoreSize() + " flag " + message.getFlag()
            + " sys " + message.getSysFlag()
            + " born " + message.getBornTimestamp() + " " + message.getBornHost()
            + " stored " + message.getStoreTimestamp() + " " + message.getStoreHost()
            + " at " + message.getCommitLogOffset() + " reconsumed " + message.getReconsumeTimes()
            + " prepared " + message.getPreparedTransactionOffset() + " " + properties;
    }

    private static String hash(byte[] body) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(body);
            return String.format("%064x", new BigInteger(1, hash)).substring(0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Commits another offset for each queue of the topic when asked to, then reads all of the group's offsets back. */
    static Map<String, Object> commitOffsets(Run run) throws Exception {
        DefaultMQPullConsumer consumer = run.pullConsumer(run.group("offsets"));
        Map<String, Object> offsets = new TreeMap<>();
        for (MessageQueue queue : new TreeSet<>(consumer.fetchSubscribeMessageQueues(run.topic()))) {
            if (run.number("commit", 0) == 1) {
                commit(consumer, queue, 3 + queue.getQueueId());
            }
            offsets.put(Integer.toString(queue.getQueueId()), consumer.fetchConsumeOffset(queue, true));
        }
        return new JSONObject(offsets);
    }

    /** The group is made by the client's heartbeat, which a first commit may overtake. */
    private static void commit(DefaultMQPullConsumer consumer, MessageQueue queue, long offset) throws Exception {
        Exception[] problem = {null};
        Run.await(() -> {
            try {
                consumer.getDefaultMQPullConsumerImpl().updateConsumeOffsetToBroker(queue, offset, false);
                return true;
            } catch (Exception notYet) {
                problem[0] = notYet;
                return false;
            }
        }, () -> "an offset to be committed: " + problem[0]);
    }
}
