package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessionContract;
import java.util.Set;

class WasmSessionContractTest extends SandboxSessionContract {

    @Override
    protected Sandbox create() throws InterruptedException {
        return WasmSandbox.builder().build();
    }

    @Override
    protected Set<Language> stateful() {
        return Set.of(Language.PYTHON, Language.JAVASCRIPT);
    }
}
