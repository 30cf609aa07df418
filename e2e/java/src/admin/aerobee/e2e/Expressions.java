package aerobee.e2e;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.broker.filter.MessageEvaluationContext;
import org.apache.rocketmq.filter.FilterFactory;
import org.apache.rocketmq.filter.expression.Expression;
import org.apache.rocketmq.filter.expression.MQFilterException;

/** What RocketMQ's own filter makes of SQL92. */
final class Expressions {
    private Expressions() {
    }

    /**
     * "expressions" is a list of texts, "properties" a list of maps. The answer has one text for each expression: the error
     * of its compilation, or a + (the broker would deliver) or - for each map.
     */
    static Map<String, Object> judge(Run run) {
        List<Map<String, String>> properties = new ArrayList<>();
        for (Object map : JSON.parseArray(run.text("properties"))) {
            Map<String, String> texts = new HashMap<>();
            ((JSONObject) map).forEach((name, value) -> texts.put(name, (String) value));
            properties.add(texts);
        }
        List<String> judged = new ArrayList<>();
        for (Object expression : JSON.parseArray(run.text("expressions"))) {
            judged.add(judge((String) expression, properties));
        }
        return new JSONObject().fluentPut("judged", judged);
    }

    private static String judge(String text, List<Map<String, String>> properties) {
        Expression expression;
        try {
            expression = FilterFactory.INSTANCE.get("SQL92").compile(text);
        } catch (MQFilterException illegal) {
            return illegal.getMessage();
        }
        StringBuilder verdicts = new StringBuilder();
        for (Map<String, String> one : properties) {
            verdicts.append(isTrue(expression, one) ? '+' : '-');
        }
        return verdicts.toString();
    }

    private static boolean isTrue(Expression expression, Map<String, String> properties) {
        try {
            return Boolean.TRUE.equals(expression.evaluate(new MessageEvaluationContext(properties)));
        } catch (Exception failed) {
            return false;
        }
    }
}
