package aerobee.e2e;

import com.alibaba.fastjson.JSONObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Map;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/** The client driver, and mqadmin beside it: all sub-commands run in this one JVM. */
public final class AdminDriver {
    private AdminDriver() {
    }

    public static void main(String[] args) throws Exception {
        Driver.withClientScenarios()
            .add("mqadmin", AdminDriver::mqadmin)
            .add("judgeExpressions", Expressions::judge)
            .add("adminCall", AdminCalls::call)
            .add("steeredProducer", Steered::produce)
            .add("steeredConsumer", Steered::consume)
            .serve();
    }

    /** Runs one mqadmin command line ("args", split at blanks) and returns all that it printed. */
    private static synchronized Map<String, Object> mqadmin(Run run) {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true));
        try {
            MQAdminStartup.main0(run.text("args").split(" "), null);
        } finally {
            System.setOut(before);
            System.clearProperty("rocketmq.namesrv.addr");
        }
        return new JSONObject().fluentPut("printed", printed.toString());
    }
}
