package aerobee.e2e;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages whose every part can be told from their number, so that what comes back can be compared. */
final class Samples {
    private static final String[] TAGS = {"TagA", "TagB", "TagC"};
    private static final String[] PROPERTIES = {"n", "greeting", "größe"};

    private Samples() {
    }

    static Message message(String topic, int n) {
        Message message = new Message(topic, tag(n), "key-" + n + " shared", body(n));
        message.putUserProperty("n", Integer.toString(n));
        message.putUserProperty("greeting", "héllo wörld, 你好, жду 🙂 " + n);
        message.putUserProperty("größe", "=" + n);
        return message;
    }

    static String tag(int n) {
        return TAGS[n % TAGS.length];
    }

    /** Most are small, each tenth is over the 4 KiB at which the client compresses, each twentieth 200 KiB. */
    static byte[] body(int n) {
        StringBuilder text = new StringBuilder("body " + n + " € ");
        int length = n % 20 == 19 ? 200_000 : n % 10 == 9 ? 6_000 : 60;
        for (int word = n; text.length() < length; word = word * 31 + 7) {
            text.append(Integer.toHexString(word));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    static int number(MessageExt message) {
        return Integer.parseInt(message.getUserProperty("n"));
    }

    /** Compares all that the sender set with what arrived. */
    static void compare(String topic, MessageExt arrived) {
        int n = number(arrived);
        Message sent = message(topic, n);
        String what = "message " + n + ": ";
        Check.equal(topic, arrived.getTopic(), what + "topic");
        Check.equal(sent.getTags(), arrived.getTags(), what + "tags");
        Check.equal(sent.getKeys(), arrived.getKeys(), what + "keys");
        for (String name : PROPERTIES) {
            Check.equal(sent.getUserProperty(name), arrived.getUserProperty(name), what + "property " + name);
        }
        Check.that(java.util.Arrays.equals(sent.getBody(), arrived.getBody()),
            what + "body of " + sent.getBody().length + " bytes differs from the " + arrived.getBody().length + " that arrived");
    }

    /** Compares what the broker promised in its answer with what the consumer sees. */
    static void compare(SendResult promised, MessageExt arrived) {
        String what = "message " + number(arrived) + ": ";
        Check.equal(promised.getMsgId(), arrived.getMsgId(), what + "message id");
        Check.equal(promised.getMessageQueue().getQueueId(), arrived.getQueueId(), what + "queue id");
        Check.equal(promised.getQueueOffset(), arrived.getQueueOffset(), what + "queue offset");
    }

    static void sendOk(SendResult result) {
        Check.equal(SendStatus.SEND_OK, result.getSendStatus(), "send status");
    }

    /** Queue offsets of a fresh topic must be 0, 1, 2, … in each queue. */
    static void dense(Map<Integer, java.util.SortedSet<Long>> offsetsByQueue) {
        offsetsByQueue.forEach((queue, offsets) -> {
            Check.equal(0L, offsets.first(), "first offset of queue " + queue);
            Check.equal((long) offsets.size() - 1, offsets.last(), "last offset of queue " + queue);
        });
    }
}
