package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxContract;
import java.time.Duration;

/** Needs bubblewrap, Python and Node. */
class ProcessSandboxContractSweepTest extends SandboxContract {

    @Override
    protected Sandbox create() throws InterruptedException {
        return ProcessSandbox.builder().patience(Duration.ofMinutes(1)).build();
    }
}
