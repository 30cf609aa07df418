package aerobee.e2e;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.MessageExt;

/** What arrived at a scenario's consumers, by message number; compares each message as it comes. */
final class Inbox {
    final Map<Integer, MessageExt> byNumber = new ConcurrentHashMap<>();
    final AtomicInteger deliveries = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final String topic;

    Inbox(String topic) {
        this.topic = topic;
    }

    void accept(MessageExt message) {
        deliveries.incrementAndGet();
        try {
            Samples.compare(topic, message);
            byNumber.put(Samples.number(message), message);
        } catch (Throwable error) {
            failure.compareAndSet(null, error);
        }
    }

    /** A started push consumer of the topic that delivers here. */
    DefaultMQPushConsumer open(Run run, String group, String expression) throws Exception {
        DefaultMQPushConsumer consumer = run.pushConsumer(group);
        consumer.subscribe(topic, expression);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(this::accept);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    void await(int count) throws InterruptedException {
        Run.await(() -> failure.get() != null || byNumber.size() >= count,
            () -> count + " messages of " + topic + ", " + byNumber.size() + " arrived");
        check();
    }

    void check() {
        if (failure.get() != null) {
            throw new AssertionError(failure.get().getMessage(), failure.get());
        }
    }
}
