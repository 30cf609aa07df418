package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Requests and replies. */
final class Requests {
    private Requests() {
    }

    /**
     * The callback form, since the synchronous one of 5.3.3 gives up as soon as the request is sent; its callback is
     * called without a reply then, which does not count.
     */
    static Map<String, Object> requests(Run run) throws Exception {
        String topic = run.topic();
        int count = 40;
        DefaultMQProducer replier = run.producer();
        CountDownLatch listening = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("consumer"));
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            try {
                for (MessageExt message : messages) {
                    if (message.getProperty("REPLY_TO_CLIENT") == null) {
                        listening.countDown();
                        continue;
                    }
                    byte[] body = ("reply to " + Samples.number(message)).getBytes(StandardCharsets.UTF_8);
                    Samples.sendOk(replier.send(MessageUtil.createReplyMessage(message, body), 5000));
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        });
        DefaultMQProducer asker = new DefaultMQProducer(run.group("asker"));
        asker.setNamesrvAddr(run.namesrv());
        asker.setInstanceName("asker-" + System.nanoTime());
        asker.start();
        // The consumer learns of the topic now, and not half a minute later.
        Samples.sendOk(replier.send(Samples.message(topic, count)));
        consumer.start();
        Check.that(listening.await(Run.DEADLINE_MS, TimeUnit.MILLISECONDS), "the consumer got nothing");
        Map<Integer, String> replies = new ConcurrentHashMap<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try {
            for (int n = 0; n < count; n++) {
                int number = n;
                asker.request(Samples.message(topic, n), new RequestCallback() {
                    @Override
                    public void onSuccess(Message reply) {
                        if (reply != null) {
                            replies.put(number, new String(reply.getBody(), StandardCharsets.UTF_8));
                        }
                    }

                    @Override
                    public void onException(Throwable error) {
                        failure.compareAndSet(null, error);
                    }
                }, 15_000);
            }
            Run.await(() -> failure.get() != null || replies.size() == count,
                () -> count + " replies, there are " + new TreeMap<>(replies));
            if (failure.get() != null) {
                throw new AssertionError("a request failed: " + failure.get(), failure.get());
            }
            replies.forEach((n, reply) -> Check.equal("reply to " + n, reply, "reply"));
        } finally {
            asker.shutdown();
        }
        return new JSONObject().fluentPut("replies", replies.size());
    }
}
