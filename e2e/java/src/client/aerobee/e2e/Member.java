package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.message.MessageExt;

/** One member of a group whose other members are other processes, with other clients. */
final class Member {
    /** A queue counts as served while its last message is younger than this. */
    private static final long RECENT_NS = TimeUnit.MILLISECONDS.toNanos(700);
    private final FileOutputStream file;
    private final AtomicInteger taken = new AtomicInteger();
    private final Map<Integer, Long> served = new ConcurrentHashMap<>();

    private Member(FileOutputStream file) {
        this.file = file;
    }

    /**
     * Consumes until told to stop, and tells from how many queues. Each call of the listener is two lines of the file,
     * "B time queueId offset n" and "E time queueId offset n"; the time is that of the machine's monotonic clock, in ns.
     */
    static Map<String, Object> member(Run run) throws Exception {
        try (FileOutputStream file = new FileOutputStream(run.text("file"))) {
            return new Member(file).consume(run);
        }
    }

    private Map<String, Object> consume(Run run) throws Exception {
        DefaultMQPushConsumer consumer = run.pushConsumer(run.text("group"));
        consumer.setAwaitTerminationMillisWhenShutdown(10_000);
        consumer.subscribe(run.topic(), "*");
        if (run.number("orderly", 0) == 1) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                messages.forEach(this::take);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                messages.forEach(this::take);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        consumer.start();
        while (!run.pause(100)) {
            long now = System.nanoTime();
            long queues = served.values().stream().filter(at -> now - at < RECENT_NS).count();
            run.event(new JSONObject().fluentPut("taken", taken.get()).fluentPut("queues", queues));
        }
        consumer.shutdown();
        return new JSONObject().fluentPut("taken", taken.get());
    }

    private void take(MessageExt message) {
        note('B', message);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        served.put(message.getQueueId(), System.nanoTime());
        taken.incrementAndGet();
        note('E', message);
    }

    /** At once, so that a process that is killed leaves all that it began. */
    private void note(char what, MessageExt message) {
        String line = what + " " + System.nanoTime() + " " + message.getQueueId() + " " + message.getQueueOffset()
            + " " + new String(message.getBody(), StandardCharsets.UTF_8) + "\n";
        try {
            file.write(line.getBytes(StandardCharsets.UTF_8));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
