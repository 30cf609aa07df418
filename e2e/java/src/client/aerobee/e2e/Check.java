package aerobee.e2e;

import java.util.Objects;

/** Expectations whose failure is the scenario's answer. */
final class Check {
    private Check() {
    }

    static void that(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    static void equal(Object expected, Object actual, String what) {
        that(Objects.equals(expected, actual), what + ": expected " + expected + ", got " + actual);
    }
}
