package io.sallyport.sandbox.remote;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What code means to the service: it runs it with {@code arguments}, and awaits its {@code main} with them. */
class McpboxCodeSweepTest {

    private static final String SERVICE = """
            import asyncio, json, sys
            code, arguments = json.loads(sys.argv[1])
            names = {'arguments': arguments, 'result': None}
            exec(compile(code, '<tool>', 'exec'), names)
            print(json.dumps(asyncio.run(names['main'](**arguments))))
            """;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "result = 6 * 7|42",
                "result = inputs['a'] + 1|42",
                "x = 1|null",
                "def main():\\n    return 1\\nresult = main() + 41|42",
                "# a comment at the end|null",
                "result = '''\\n\\nasync def'''|\"\\n\\nasync def\""
            })
    void codeMeansWhatItMeansElsewhere(String code, String value) throws Exception {
        Execution execution = Execution.of(Language.PYTHON, code.replace("\\n", "\n"))
                .inputs(JsonValue.trusted("{\"a\":41}"))
                .build();
        try (RealEngine engine = new RealEngine()) {
            Optional<Engine.Ended> ended = engine.command(
                    "service",
                    "python3",
                    List.of("-c", SERVICE, Json.write(List.of(McpboxSandbox.code(execution), execution.inputs()))),
                    Optional.of(Duration.ofSeconds(30)));

            assertThat(ended.orElseThrow().output()).containsExactly(new Engine.Line("stdout", value));
        }
    }
}
