package aerobee.e2e;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs scenarios that the harness asks for, one JSON object a line on standard input:
 * {"id":1,"run":"sendSync","namesrv":"127.0.0.1:9876",…} starts a scenario in its own thread, {"id":1,"stop":true}
 * tells one that runs until told. Answers, one JSON object a line on standard output: {"id":1,"event":{…}} on the way,
 * then {"id":1,"ok":true,"result":{…}} or {"id":1,"ok":false,"error":"…"}. The end of the input ends the program.
 */
public final class Driver {
    private final Map<String, Scenario> scenarios = new TreeMap<>();
    private final Map<Integer, Run> running = new ConcurrentHashMap<>();
    private final PrintStream answers = System.out;

    public Driver add(String name, Scenario scenario) {
        scenarios.put(name, scenario);
        return this;
    }

    public static Driver withClientScenarios() {
        return new Driver()
            .add("sendSync", Sends::sync)
            .add("sendOne", Sends::one)
            .add("sendAsync", Sends::async)
            .add("sendOneway", Sends::oneway)
            .add("sendBatch", Sends::batch)
            .add("query", Queries::query)
            .add("findByKey", Queries::findByKey)
            .add("tags", PushConsumers::tags)
            .add("sqlPush", Filters::sqlPush)
            .add("sqlLitePull", Filters::sqlLitePull)
            .add("sqlStart", Filters::sqlStart)
            .add("sendRange", Filters::sendRange)
            .add("subscriber", Filters::subscriber)
            .add("orderly", PushConsumers::orderly)
            .add("delays", Deliveries::delays)
            .add("timers", Timers::timers)
            .add("recall", Timers::recall)
            .add("retries", Deliveries::retries)
            .add("orderlyRetries", Deliveries::orderlyRetries)
            .add("broadcast", Broadcasts::broadcast)
            .add("trace", Traces::trace)
            .add("halves", Transactions::halves)
            .add("outcomes", Transactions::outcomes)
            .add("immunity", Transactions::immunity)
            .add("givenUp", Transactions::givenUp)
            .add("requests", Requests::requests)
            .add("innerBatches", QueueTypes::innerBatches)
            .add("lightQueues", QueueTypes::lightQueues)
            .add("rebalance", Rebalance::joinAndLeave)
            .add("member", Member::member)
            .add("receive", Exchange::receive)
            .add("reply", Exchange::reply)
            .add("request", Exchange::request)
            .add("pullSubscribe", LitePulls::subscribe)
            .add("pullAssign", LitePulls::assignAndSeek)
            .add("produce", Load::produce)
            .add("consume", Load::consume)
            .add("stored", Load::stored)
            .add("dump", Dump::dump)
            .add("fill", Dump::fill)
            .add("commitOffsets", Dump::commitOffsets);
    }

    public static void main(String[] args) throws Exception {
        withClientScenarios().serve();
    }

    /** Reads requests until the input ends, then leaves the JVM. */
    public void serve() throws Exception {
        System.setOut(System.err);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        write(new JSONObject().fluentPut("event", "ready"));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JSONObject request = JSON.parseObject(line);
            int id = request.getIntValue("id");
            if (request.getBooleanValue("stop")) {
                Run run = running.get(id);
                if (run != null) {
                    run.stop();
                }
                continue;
            }
            Run run = new Run(request, event -> write(new JSONObject().fluentPut("id", id).fluentPut("event", event)));
            running.put(id, run);
            new Thread(() -> execute(id, request.getString("run"), run), "scenario-" + id).start();
        }
        System.exit(0);
    }

    private void execute(int id, String name, Run run) {
        JSONObject answer = new JSONObject().fluentPut("id", id);
        try {
            Scenario scenario = scenarios.get(name);
            Check.that(scenario != null, "no such scenario: " + name);
            answer.fluentPut("ok", true).fluentPut("result", scenario.run(run));
        } catch (Throwable error) {
            StringWriter text = new StringWriter();
            error.printStackTrace(new PrintWriter(text));
            answer.fluentPut("ok", false).fluentPut("error", text.toString());
        } finally {
            run.close();
            running.remove(id);
        }
        write(answer);
    }

    private synchronized void write(JSONObject line) {
        byte[] bytes = (line.toJSONString() + "\n").getBytes(StandardCharsets.UTF_8);
        answers.write(bytes, 0, bytes.length);
        answers.flush();
    }
}
