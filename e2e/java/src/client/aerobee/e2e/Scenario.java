package aerobee.e2e;

import java.util.Map;

/** One thing that the harness can ask for: returns figures for the report, throws when something is not as it should be. */
interface Scenario {
    Map<String, Object> run(Run run) throws Exception;
}
