package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;

/** The parameters of one scenario, and the clients it opened; they are shut down when it ends. */
final class Run implements AutoCloseable {
    /** A client 5.3.3 whose first heartbeat is late gets its queues up to 30 s after it. */
    static final long DEADLINE_MS = 60_000;

    private final JSONObject parameters;
    private final Consumer<Map<String, Object>> events;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Deque<Runnable> closers = new ArrayDeque<>();

    Run(JSONObject parameters, Consumer<Map<String, Object>> events) {
        this.parameters = parameters;
        this.events = events;
    }

    String text(String name) {
        String value = parameters.getString(name);
        Check.that(value != null, "parameter " + name + " is missing");
        return value;
    }

    int number(String name, int otherwise) {
        return parameters.containsKey(name) ? parameters.getIntValue(name) : otherwise;
    }

    String namesrv() {
        return text("namesrv");
    }

    String topic() {
        return text("topic");
    }

    /** A group of this scenario's own: groups keep offsets and subscriptions, so no two scenarios share one. */
    String group(String suffix) {
        return topic() + "-" + suffix;
    }

    void event(Map<String, Object> event) {
        events.accept(event);
    }

    void stop() {
        stopped.countDown();
    }

    boolean isStopped() {
        return stopped.getCount() == 0;
    }

    void awaitStop() throws InterruptedException {
        stopped.await();
    }

    /** True when the scenario was told to stop within that time. */
    boolean pause(long ms) throws InterruptedException {
        return stopped.await(ms, TimeUnit.MILLISECONDS);
    }

    /** Waits for a condition that other threads bring about. */
    static void await(BooleanSupplier condition, Supplier<String> what) throws InterruptedException {
        await(condition, DEADLINE_MS, what);
    }

    static void await(BooleanSupplier condition, long deadlineMs, Supplier<String> what) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(deadlineMs);
        while (!condition.getAsBoolean()) {
            Check.that(System.nanoTime() < end, "waited " + deadlineMs + " ms for " + what.get());
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    DefaultMQProducer producer() throws MQClientException {
        DefaultMQProducer producer = new DefaultMQProducer(group("producer"));
        producer.setNamesrvAddr(namesrv());
        producer.setInstanceName("producer-" + System.nanoTime());
        producer.setDefaultTopicQueueNums(number("queues", 4));
        producer.start();
        closers.push(producer::shutdown);
        return producer;
    }

    /** Not started: the scenario subscribes and registers its listener first. */
    DefaultMQPushConsumer pushConsumer(String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        closers.push(consumer::shutdown);
        return consumer;
    }

    DefaultLitePullConsumer litePullConsumer(String group) {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(group);
        consumer.setNamesrvAddr(namesrv());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullThreadNums(4);
        closers.push(consumer::shutdown);
        return consumer;
    }

    @SuppressWarnings("deprecation")
    DefaultMQPullConsumer pullConsumer(String group) throws MQClientException {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer(group);
        consumer.setNamesrvAddr(namesrv());
        consumer.setInstanceName("pull-" + System.nanoTime());
        consumer.start();
        closers.push(consumer::shutdown);
        return consumer;
    }

    /** All at once, since each client waits for its connections for a while. */
    @Override
    public void close() {
        List<Thread> closing = new ArrayList<>();
        while (!closers.isEmpty()) {
            Thread thread = new Thread(closers.pop(), "closing");
            thread.setUncaughtExceptionHandler((one, error) -> System.err.println("while closing: " + error));
            thread.start();
            closing.add(thread);
        }
        try {
            for (Thread thread : closing) {
                thread.join();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
