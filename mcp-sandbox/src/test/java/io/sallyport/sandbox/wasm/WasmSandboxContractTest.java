package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxContract;
import java.time.Duration;

class WasmSandboxContractTest extends SandboxContract {

    @Override
    protected Sandbox create() throws InterruptedException {
        return WasmSandbox.builder().patience(Duration.ofMinutes(1)).build();
    }

    /** The engine does not export what would tell of them. */
    @Override
    protected boolean seesRejections() {
        return false;
    }
}
