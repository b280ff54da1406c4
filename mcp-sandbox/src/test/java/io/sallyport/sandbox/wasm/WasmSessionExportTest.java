package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SessionExportContract;

class WasmSessionExportTest extends SessionExportContract {

    @Override
    protected Sandbox sandbox() throws InterruptedException {
        return WasmSandbox.builder().build();
    }
}
