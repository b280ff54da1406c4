package io.sallyport.gateway.internal;

import java.util.Collection;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends one thing after the other; what fails to end does not keep the rest alive. */
public final class Closing {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.gateway");

    private Closing() {}

    /** Runs the steps in order. One that throws is logged, and the next is run. */
    public static void inOrder(Runnable... steps) {
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (RuntimeException | Error e) {
                // A class that is not there any more, say, when a web application is taken away.
                LOGGER.atError().setCause(e).log("something did not end as it should");
            }
        }
    }

    /** As {@link #inOrder}, the same for each. */
    static <T> void each(Collection<T> all, Consumer<T> step) {
        all.forEach(one -> inOrder(() -> step.accept(one)));
    }
}
