package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessionContract;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/** Needs bubblewrap, Python and Node. */
class ProcessSessionContractSweepTest extends SandboxSessionContract {

    @Override
    protected Sandbox create() throws InterruptedException {
        return ProcessSandbox.builder().patience(Duration.ofMinutes(1)).build();
    }

    @Override
    protected Set<Language> stateful() {
        return EnumSet.allOf(Language.class);
    }
}
