package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/** Load that goes on while the harness stops, kills and restarts the broker. */
final class Load {
    private static final int THREADS = 8;

    private Load() {
    }

    /** Sends until told to stop; each acknowledged message is a line "number queueId queueOffset" of the file. */
    static Map<String, Object> produce(Run run) throws Exception {
        String topic = run.topic();
        DefaultMQProducer producer = run.producer();
        AtomicInteger next = new AtomicInteger();
        AtomicInteger acknowledged = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        try (PrintWriter file = new PrintWriter(run.text("file"), "UTF-8")) {
            Thread[] threads = new Thread[THREADS];
            for (int i = 0; i < THREADS; i++) {
                threads[i] = new Thread(() -> {
                    while (!run.isStopped()) {
                        int n = next.getAndIncrement();
                        if (send(producer, topic, n, file)) {
                            acknowledged.incrementAndGet();
                        } else {
                            failed.incrementAndGet();
                            pause(run);
                        }
                    }
                });
                threads[i].start();
            }
            while (!run.pause(50)) {
                run.event(new JSONObject().fluentPut("acknowledged", acknowledged.get()));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        return new JSONObject().fluentPut("acknowledged", acknowledged.get()).fluentPut("failed", failed.get());
    }

    private static boolean send(DefaultMQProducer producer, String topic, int n, PrintWriter file) {
        try {
            Message message = new Message(topic, "Load", "n-" + n, ("load " + n).getBytes());
            message.putUserProperty("n", Integer.toString(n));
            SendResult result = producer.send(message);
            if (result.getSendStatus() != SendStatus.SEND_OK) {
                return false;
            }
            synchronized (file) {
                file.println(n + " " + result.getMessageQueue().getQueueId() + " " + result.getQueueOffset());
            }
            return true;
        } catch (Exception notAcknowledged) {
            return false;
        }
    }

    private static void pause(Run run) {
        try {
            run.pause(20);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Consumes until told to stop; each distinct message is a line "number" of the file. */
    static Map<String, Object> consume(Run run) throws Exception {
        Set<Integer> seen = ConcurrentHashMap.newKeySet();
        AtomicInteger deliveries = new AtomicInteger();
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("consumer"));
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> {
                deliveries.incrementAndGet();
                seen.add(Samples.number(message));
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        while (!run.pause(100)) {
            run.event(new JSONObject().fluentPut("seen", seen.size()).fluentPut("deliveries", deliveries.get()));
        }
        consumer.shutdown();
        try (PrintWriter file = new PrintWriter(run.text("file"), "UTF-8")) {
            seen.forEach(file::println);
        }
        return new JSONObject().fluentPut("seen", seen.size()).fluentPut("again", deliveries.get() - seen.size());
    }

    /** Reads all that the broker has of the topic; each message is a line "number queueId queueOffset" of the file. */
    static Map<String, Object> stored(Run run) throws Exception {
        int[] messages = {0};
        try (PrintWriter file = new PrintWriter(run.text("file"), "UTF-8")) {
            Dump.readAll(run, queue -> { }, message -> {
                messages[0]++;
                file.println(Samples.number(message) + " " + message.getQueueId() + " " + message.getQueueOffset());
            });
        }
        return new JSONObject().fluentPut("stored", messages[0]);
    }
}
