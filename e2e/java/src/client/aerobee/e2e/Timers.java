package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Map;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages with a time of delivery, and taking them back. */
final class Timers {
    /** Apache delivers at the end of a second; a machine under load may be slow. */
    private static final long LATE_MS = 4000;
    private static final int COUNT = 60;

    private Timers() {
    }

    private static long delayMs(int n) {
        return 1000 + n * 77L;
    }

    /** The three ways of asking, by property, since the older client has no methods for them. */
    static Map<String, Object> timers(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        Inbox inbox = new Inbox(topic);
        Samples.sendOk(producer.send(Samples.message(topic, COUNT)));
        inbox.open(run, run.group("consumer"), "*");
        inbox.await(1);
        long[] dueMs = new long[COUNT];
        for (int n = 0; n < COUNT; n++) {
            Message message = Samples.message(topic, n);
            long now = System.currentTimeMillis();
            dueMs[n] = now + delayMs(n);
            if (n % 3 == 0) {
                MessageAccessor.putProperty(message, "TIMER_DELIVER_MS", String.valueOf(dueMs[n]));
            } else if (n % 3 == 1) {
                MessageAccessor.putProperty(message, "TIMER_DELAY_MS", String.valueOf(delayMs(n)));
            } else {
                dueMs[n] = now + 3000;
                MessageAccessor.putProperty(message, "TIMER_DELAY_SEC", "3");
            }
            Samples.sendOk(producer.send(message));
        }
        inbox.await(COUNT + 1);
        long latest = 0;
        for (int n = 0; n < COUNT; n++) {
            MessageExt message = inbox.byNumber.get(n);
            long late = message.getStoreTimestamp() - dueMs[n];
            Check.that(late >= 0 && late <= LATE_MS, "message " + n + " came " + late + " ms after its time");
            latest = Math.max(latest, late);
        }
        Check.equal(COUNT + 1, inbox.deliveries.get(), "deliveries");
        return new JSONObject().fluentPut("timers", COUNT).fluentPut("latestMs", latest);
    }

    /** Every second message is taken back, by methods that only the newer client has. */
    static Map<String, Object> recall(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        Inbox inbox = new Inbox(topic);
        Samples.sendOk(producer.send(Samples.message(topic, COUNT)));
        inbox.open(run, run.group("consumer"), "*");
        inbox.await(1);
        for (int n = 0; n < COUNT; n++) {
            Message message = Samples.message(topic, n);
            MessageAccessor.putProperty(message, "TIMER_DELAY_MS", String.valueOf(5000 + n * 50));
            SendResult sent = producer.send(message);
            Samples.sendOk(sent);
            if (n % 2 == 0) {
                Object handle = SendResult.class.getMethod("getRecallHandle").invoke(sent);
                Object id = DefaultMQProducer.class.getMethod("recallMessage", String.class, String.class)
                    .invoke(producer, topic, handle);
                Check.equal(sent.getMsgId(), id, "id of the message taken back");
            }
        }
        inbox.await(1 + COUNT / 2);
        run.pause(2000);
        inbox.check();
        for (int n = 0; n < COUNT; n += 2) {
            Check.that(!inbox.byNumber.containsKey(n), "message " + n + " was taken back and came");
        }
        Check.equal(1 + COUNT / 2, inbox.deliveries.get(), "deliveries");
        return new JSONObject().fluentPut("takenBack", COUNT / 2);
    }
}
