import java.lang.management.ManagementFactory;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;

/** The Java client's producer at full speed; arguments and output as producer.mjs. */
public class Producing {
  private static final AtomicLong sent = new AtomicLong();
  private static final AtomicLong failed = new AtomicLong();

  public static void main(String[] args) throws Exception {
    String topic = args[1];
    long warmupMs = (long) (Double.parseDouble(args[2]) * 1000);
    long measureMs = (long) (Double.parseDouble(args[3]) * 1000);
    Semaphore free = new Semaphore(Integer.parseInt(args[4]));
    int bodyBytes = Integer.parseInt(args[5]);

    DefaultMQProducer producer = new DefaultMQProducer("bench-producer-java");
    producer.setNamesrvAddr(args[0]);
    producer.start();
    SendCallback callback = new SendCallback() {
      public void onSuccess(SendResult result) {
        sent.incrementAndGet();
        free.release();
      }

      public void onException(Throwable thrown) {
        if (failed.getAndIncrement() == 0) thrown.printStackTrace();
        free.release();
      }
    };
    Thread sender = new Thread(() -> {
      try {
        while (!Thread.interrupted()) {
          free.acquire();
          producer.send(new Message(topic, new byte[bodyBytes]), callback);
        }
      } catch (InterruptedException stopped) {
        // The measurement is over.
      } catch (Exception thrown) {
        thrown.printStackTrace();
        System.exit(1);
      }
    });
    sender.start();
    Thread.sleep(warmupMs);
    long messages = sent.get();
    long startedNs = System.nanoTime();
    long cpuNs = cpuNs();
    Thread.sleep(measureMs);
    messages = sent.get() - messages;
    double seconds = (System.nanoTime() - startedNs) / 1e9;
    double cpuSeconds = (cpuNs() - cpuNs) / 1e9;
    sender.interrupt();
    sender.join();
    System.out.printf(
        "{\"messages\":%d,\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"failed\":%d}%n",
        messages, seconds, cpuSeconds, failed.get());
    System.exit(0);
  }

  private static long cpuNs() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
