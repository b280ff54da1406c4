package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SessionExportContract;

class ProcessSessionExportSweepTest extends SessionExportContract {

    @Override
    protected Sandbox sandbox() throws InterruptedException {
        return ProcessSandbox.builder().build();
    }
}
