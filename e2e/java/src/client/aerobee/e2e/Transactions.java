package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Transactions by message number, n modulo 4: 0 commits, 1 rolls back, 2 commits and 3 rolls back when the broker asks.
 */
final class Transactions {
    private Transactions() {
    }

    /** Answers as the number says, or with no outcome at all. */
    private static final class Listener implements TransactionListener {
        final Map<Integer, Integer> checks = new ConcurrentHashMap<>();
        final Map<Integer, Long> firstAskedAt = new ConcurrentHashMap<>();
        private final boolean decides;

        Listener(boolean decides) {
            this.decides = decides;
        }

        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object n) {
            switch ((Integer) n % 4) {
                case 0:
                    return LocalTransactionState.COMMIT_MESSAGE;
                case 1:
                    return LocalTransactionState.ROLLBACK_MESSAGE;
                default:
                    return LocalTransactionState.UNKNOW;
            }
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            int n = Samples.number(message);
            checks.merge(n, 1, Integer::sum);
            firstAskedAt.putIfAbsent(n, System.currentTimeMillis());
            Check.equal(message.getProperty("UNIQ_KEY"), message.getTransactionId(), "transaction id of message " + n);
            if (!decides) {
                return LocalTransactionState.UNKNOW;
            }
            return n % 2 == 0 ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
        }
    }

    private static TransactionMQProducer producer(Run run, Listener listener) throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer(run.group("transactions"));
        producer.setNamesrvAddr(run.namesrv());
        producer.setInstanceName("transactions-" + System.nanoTime());
        producer.setDefaultTopicQueueNums(run.number("queues", 4));
        producer.setTransactionListener(listener);
        producer.start();
        return producer;
    }

    private static void send(Run run, TransactionMQProducer producer, int first, int count) throws Exception {
        for (int n = first; n < first + count; n++) {
            TransactionSendResult result = producer.sendMessageInTransaction(Samples.message(run.topic(), n), n);
            Samples.sendOk(result);
            Check.that(result.getTransactionId() != null, "no transaction id");
        }
    }

    /** Sends `count` from `first` on, and gives no outcome when asked: what is not decided stays a half. */
    static Map<String, Object> halves(Run run) throws Exception {
        TransactionMQProducer producer = producer(run, new Listener(false));
        try {
            send(run, producer, run.number("first", 0), run.number("count", 40));
        } finally {
            producer.shutdown();
        }
        return new JSONObject().fluentPut("sent", run.number("count", 40));
    }

    /** The outcomes of the first `count`, of which those from `first` on are sent now. */
    static Map<String, Object> outcomes(Run run) throws Exception {
        int count = run.number("count", 40);
        int first = run.number("first", 0);
        Listener listener = new Listener(true);
        Inbox inbox = new Inbox(run.topic());
        TransactionMQProducer producer = producer(run, listener);
        try {
            send(run, producer, first, count - first);
            inbox.open(run, run.group("consumer"), "*");
            Set<Integer> wanted = new TreeSet<>();
            Set<Integer> asked = new TreeSet<>();
            for (int n = 0; n < count; n++) {
                if (n % 2 == 0) {
                    wanted.add(n);
                }
                if (n % 4 >= 2) {
                    asked.add(n);
                }
            }
            Run.await(() -> inbox.byNumber.keySet().containsAll(wanted) && listener.checks.keySet().containsAll(asked),
                () -> wanted + " to arrive and checks of " + asked + "; there are "
                    + new TreeSet<>(inbox.byNumber.keySet()) + " and checks of " + listener.checks);
            // Nobody is asked again for what has its outcome, and nothing comes twice.
            Map<Integer, Integer> checks = new ConcurrentHashMap<>(listener.checks);
            run.pause(run.number("quietMs", 2500));
            inbox.check();
            Check.equal(wanted, new TreeSet<>(inbox.byNumber.keySet()), "committed messages");
            Check.equal(wanted.size(), inbox.deliveries.get(), "deliveries");
            Set<Integer> checked = new TreeSet<>(listener.checks.keySet());
            if (run.number("killed", 0) == 1) {
                // A roll-back that was not written down yet is asked for again.
                checked.removeIf(n -> n % 4 == 1);
            }
            Check.equal(asked, checked, "halves that were checked");
            Check.equal(checks, listener.checks, "checks");
            for (MessageExt message : inbox.byNumber.values()) {
                Check.equal(message.getProperty("UNIQ_KEY"), message.getTransactionId(), "transaction id");
            }
        } finally {
            producer.shutdown();
        }
        return new JSONObject().fluentPut("committed", inbox.deliveries.get()).fluentPut("checked", listener.checks.size());
    }

    /** Of the halves without an outcome every second is not to be asked for within 6 s. */
    static Map<String, Object> immunity(Run run) throws Exception {
        Listener listener = new Listener(true);
        TransactionMQProducer producer = producer(run, listener);
        Map<Integer, Long> sentAt = new TreeMap<>();
        Inbox inbox = new Inbox(run.topic());
        try {
            for (int n = 2; n < 40; n += 4) {
                Message message = Samples.message(run.topic(), n);
                if (n % 8 == 2) {
                    MessageAccessor.putProperty(message, "CHECK_IMMUNITY_TIME_IN_SECONDS", "6");
                }
                sentAt.put(n, System.currentTimeMillis());
                Samples.sendOk(producer.sendMessageInTransaction(message, n));
            }
            inbox.open(run, run.group("consumer"), "*");
            inbox.await(sentAt.size());
        } finally {
            producer.shutdown();
        }
        sentAt.forEach((n, at) -> {
            long waited = listener.firstAskedAt.get(n) - at;
            Check.that(waited >= (n % 8 == 2 ? 6000 : 2500), "message " + n + " was asked for after " + waited + " ms");
        });
        Check.equal(sentAt.size(), inbox.deliveries.get(), "deliveries");
        return new JSONObject().fluentPut("asked", sentAt.size());
    }

    /** Halves that never get an outcome are asked for so many times, and then put away. */
    static Map<String, Object> givenUp(Run run) throws Exception {
        Listener listener = new Listener(false);
        TransactionMQProducer producer = producer(run, listener);
        try {
            for (int n = 2; n < 18; n += 4) {
                Samples.sendOk(producer.sendMessageInTransaction(Samples.message(run.topic(), n), n));
            }
            Map<Integer, MessageExt> away = Deliveries.firstOf(run, "TRANS_CHECK_MAX_TIME_TOPIC", 4);
            away.forEach((n, message) -> Check.that(Arrays.equals(Samples.body(n), message.getBody()), "body of " + n));
            Map<Integer, Integer> wanted = new TreeMap<>();
            away.keySet().forEach(n -> wanted.put(n, run.number("checks", 0)));
            Check.equal(wanted, new TreeMap<>(listener.checks), "checks");
            for (MessageQueue queue : producer.fetchPublishMessageQueues(run.topic())) {
                Check.equal(0L, producer.maxOffset(queue), "messages in " + queue);
            }
        } finally {
            producer.shutdown();
        }
        return new JSONObject().fluentPut("givenUp", 4);
    }
}
