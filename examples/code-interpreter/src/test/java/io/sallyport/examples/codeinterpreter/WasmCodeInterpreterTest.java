package io.sallyport.examples.codeinterpreter;

import java.util.List;

class WasmCodeInterpreterTest extends CodeInterpreterContract {

    @Override
    String kind() {
        return "wasm";
    }

    @Override
    List<String> tools() {
        return List.of("execute_code", "get_sessions", "stop_session", "pin_session", "get_volume_path");
    }
}
