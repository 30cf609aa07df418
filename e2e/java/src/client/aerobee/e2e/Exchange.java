package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** One side of an exchange whose other side is another client. */
final class Exchange {
    private Exchange() {
    }

    /** Waits for "count" samples that somebody else sent, and compares each. */
    static Map<String, Object> receive(Run run) throws Exception {
        Inbox inbox = new Inbox(run.topic());
        inbox.open(run, run.group("receiver"), "*");
        inbox.await(run.number("count", 1));
        return new JSONObject().fluentPut("received", inbox.byNumber.size());
    }

    /** Answers every request with "Java: " and its body, until told to stop. */
    static Map<String, Object> reply(Run run) throws Exception {
        DefaultMQProducer producer = run.producer();
        AtomicInteger replies = new AtomicInteger();
        DefaultMQPushConsumer consumer = run.pushConsumer(run.group("replier"));
        consumer.subscribe(run.topic(), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                String body = "Java: " + new String(message.getBody(), StandardCharsets.UTF_8);
                try {
                    producer.send(MessageUtil.createReplyMessage(message, body.getBytes(StandardCharsets.UTF_8)), 3000);
                    replies.incrementAndGet();
                } catch (Exception error) {
                    throw new IllegalStateException(error);
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        run.awaitStop();
        return new JSONObject().fluentPut("replies", replies.get());
    }

    /** Sends one request and returns the reply's body. */
    static Map<String, Object> request(Run run) throws Exception {
        Message request = new Message(run.topic(), run.text("body").getBytes(StandardCharsets.UTF_8));
        Message reply = run.producer().request(request, 10_000);
        return new JSONObject().fluentPut("reply", new String(reply.getBody(), StandardCharsets.UTF_8));
    }
}
