package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.wasm.WasmSandbox;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class WasmBypassCorpusSweepTest extends BypassCorpusContract {

    private static WasmSandbox sandbox;

    @BeforeAll
    static void startTheSandbox() throws InterruptedException {
        sandbox = WasmSandbox.builder().build();
    }

    @AfterAll
    static void closeTheSandbox() {
        sandbox.close();
    }

    @Override
    protected Sandbox sandbox() {
        return sandbox;
    }
}
