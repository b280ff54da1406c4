package io.sallyport.sandbox.tools;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.FakeSandbox;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.Tier;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SandboxToolsTest {

    private static final Principal ANN = new Principal("test", "app", "ann", "red");
    private static final Principal BOB = new Principal("test", "app", "bob", "red");

    private final FakeSandbox sandbox = new FakeSandbox();
    private final SandboxSessions sessions = SandboxSessions.of(sandbox)
            .patience(Duration.ofMillis(20))
            .pinnedOfTenant(1)
            .build();
    private ToolCaller caller;

    @BeforeEach
    void open() throws Exception {
        caller = new ToolCaller(tools().build().server("sandbox"));
    }

    private SandboxTools.Builder tools() {
        return SandboxTools.of(sandbox, sessions).tellsEvery(Duration.ofMillis(5));
    }

    @AfterEach
    void close() throws Exception {
        caller.close();
        sessions.close();
        sandbox.close();
    }

    private JsonValue code(Map<String, ?> arguments) throws Exception {
        return caller.call(ANN, "execute_code", arguments);
    }

    private String opened() throws Exception {
        return member(code(Map.of("code", "set x 42", "keep_session", true)), "session_id");
    }

    private static String member(JsonValue result, String name) {
        return structured(result).getString(name).orElse("none");
    }

    private static JsonValue structured(JsonValue result) {
        return result.get("structuredContent").orElseThrow();
    }

    private static String errorCode(JsonValue result) {
        assertThat(result.get("isError").map(JsonValue::toJson)).contains("true");
        return structured(result)
                .get("error")
                .orElseThrow()
                .getString("error_code")
                .orElseThrow();
    }

    private static String errorMessage(JsonValue result) {
        return structured(result)
                .get("error")
                .orElseThrow()
                .getString("message")
                .orElseThrow();
    }

    private static String text(JsonValue result) {
        return result.get("content")
                .orElseThrow()
                .elements()
                .get(0)
                .getString("text")
                .orElseThrow();
    }

    @Test
    void codeIsRunAndWhatItSaysIsReturnedTwice() throws Exception {
        JsonValue result = code(Map.of("code", "hello"));

        assertThat(result.get("isError")).isEmpty();
        assertThat(structured(result).toJson())
                .isEqualTo("{\"status\":\"ok\",\"stdout\":\"hello\",\"stderr\":\"\",\"value\":null,\"truncated\":[],"
                        + "\"template\":\"python\",\"flavor\":\"small\",\"tier\":\"process\",\"execution_time_ms\":7,"
                        + "\"memory_bytes\":1024}");
        assertThat(text(result)).isEqualTo("hello\n[Time: 7 ms] [Template: python] [Success: true]");
    }

    @Test
    void withoutASessionNothingIsLeft() throws Exception {
        code(Map.of("code", "set x 42"));

        assertThat(member(code(Map.of("code", "get x")), "stdout")).isEqualTo("nothing");
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    void aSessionThatIsKeptIsNamedAndFoundAgain() throws Exception {
        JsonValue first = code(Map.of("code", "set x 42", "keep_session", true));
        String id = member(first, "session_id");

        JsonValue second = code(Map.of("code", "get x", "session_id", id));

        assertThat(structured(first).get("session_created").orElseThrow().toJson())
                .isEqualTo("true");
        assertThat(text(first)).contains("[Session: " + id + " (new)]");
        assertThat(member(second, "stdout")).isEqualTo("42");
        assertThat(structured(second).get("session_created").orElseThrow().toJson())
                .isEqualTo("false");
    }

    @Test
    @Incident("S165")
    void anUnknownSessionIsAnErrorAndNeverANewOne() throws Exception {
        JsonValue result = code(Map.of("code", "get x", "session_id", "f".repeat(32), "keep_session", true));

        assertThat(errorCode(result)).isEqualTo("SESSION_NOT_FOUND_ERROR");
        assertThat(member(result, "status")).isEqualTo("refused");
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    @Incident("X11")
    void aForeignSessionIsAnsweredAsOneThatNeverWas() throws Exception {
        String anns = opened();

        JsonValue foreign = caller.call(BOB, "execute_code", Map.of("code", "get x", "session_id", anns));
        JsonValue missing = caller.call(BOB, "execute_code", Map.of("code", "get x", "session_id", "0".repeat(32)));

        assertThat(foreign.toJson()).isEqualTo(missing.toJson());
        assertThat(errorCode(foreign)).isEqualTo("SESSION_NOT_FOUND_ERROR");
    }

    @Test
    @Incident("S167")
    void failingCodeIsAnErrorInTheWordsOfTheTable() throws Exception {
        JsonValue result = code(Map.of("code", "fail"));

        assertThat(structured(result).get("error").orElseThrow().toJson())
                .isEqualTo(
                        "{\"error_code\":\"CODE_EXECUTION_ERROR\",\"category\":\"execution\",\"severity\":\"medium\","
                                + "\"message\":\"no such luck\",\"retryable\":false,\"recovery_suggestions\":[\"Read the error and"
                                + " the line that it names, correct the code, and run it again.\"],\"type\":\"ValueError\","
                                + "\"trace\":\"line 1\"}");
        assertThat(errorCode(result)).isEqualTo("CODE_EXECUTION_ERROR");
        assertThat(text(result)).contains("before", "[CODE_EXECUTION_ERROR] ValueError: no such luck\nline 1");
    }

    @Test
    @Incident("S173")
    void eachEndHasAWordAndAnErrorOfItsOwn() throws Exception {
        Map<String, String> expected = Map.of(
                "TIMEOUT", "EXECUTION_TIMEOUT_ERROR",
                "MEMORY", "MEMORY_LIMIT_ERROR",
                "OUTPUT", "OUTPUT_LIMIT_ERROR",
                "REJECTED", "CODE_REJECTED_ERROR",
                "CANCELLED", "EXECUTION_CANCELLED_ERROR",
                "UNAVAILABLE", "SANDBOX_UNAVAILABLE_ERROR");
        for (Map.Entry<String, String> end : expected.entrySet()) {
            JsonValue result = code(Map.of("code", "end " + end.getKey()));

            assertThat(errorCode(result)).isEqualTo(end.getValue());
            assertThat(member(result, "status")).isEqualToIgnoringCase(end.getKey());
        }
    }

    @Test
    void aSessionThatIsLostIsSaidToBe() throws Exception {
        JsonValue result = code(Map.of("code", "lose", "session_id", opened()));

        assertThat(structured(result).get("session_lost").orElseThrow().toJson())
                .isEqualTo("true");
        assertThat(text(result)).contains("[Session is gone, and what was in it]");
    }

    @Test
    @Incident("S214")
    void argumentsMayBeWithinParams() throws Exception {
        JsonValue result = code(Map.of("params", Map.of("code", "hello", "template", "node")));

        assertThat(member(result, "stdout")).isEqualTo("hello");
        assertThat(member(result, "template")).isEqualTo("javascript");
    }

    @Test
    void anArgumentThatNobodyKnowsIsRefusedAndNotRepeated() throws Exception {
        JsonValue result = code(Map.of("code", "hello", "sesion_id", "x"));

        assertThat(errorCode(result)).isEqualTo("CONFIGURATION_ERROR");
        assertThat(errorMessage(result)).contains("session_id").doesNotContain("sesion_id");
        assertThat(sandbox.executions).isEmpty();
    }

    @Test
    void whatIsWrongWithAnArgumentIsSaid() throws Exception {
        assertThat(errorMessage(code(Map.of()))).isEqualTo("the argument \"code\" is missing");
        assertThat(errorMessage(code(Map.of("code", 1)))).isEqualTo("the argument \"code\" must be a string");
        assertThat(errorMessage(code(Map.of("code", "x", "template", "ruby"))))
                .isEqualTo("the argument \"template\" must be one of python, javascript, node");
        assertThat(errorMessage(code(Map.of("code", "x", "flavor", "huge"))))
                .isEqualTo("the argument \"flavor\" must be one of small, medium, large");
        assertThat(errorMessage(code(Map.of("code", "x", "inputs", List.of()))))
                .isEqualTo("the argument \"inputs\" must be an object");
        assertThat(errorMessage(code(Map.of("code", "x", "keep_session", "yes"))))
                .isEqualTo("the argument \"keep_session\" must be true or false");
        assertThat(errorMessage(code(Map.of("code", "x".repeat(1024 * 1024 + 1)))))
                .isEqualTo("there is more code than anybody writes by hand: 1048577 characters");
        assertThat(sandbox.executions).isEmpty();
    }

    @Test
    @Incident("S173")
    void theTimeoutReachesTheSandboxAndIsBoundedByTheFlavor() throws Exception {
        code(Map.of("code", "x", "timeout", 30));
        code(Map.of("code", "x"));
        code(Map.of("code", "x", "timeout", 31, "flavor", "medium"));

        assertThat(sandbox.executions)
                .extracting(execution -> execution.limits().wallTime().toSeconds())
                .containsExactly(30L, 30L, 31L);
        assertThat(errorMessage(code(Map.of("code", "x", "timeout", 31))))
                .isEqualTo("the argument \"timeout\" must be 1 to 30 seconds with flavor small");
        assertThat(errorCode(code(Map.of("code", "x", "timeout", 0)))).isEqualTo("CONFIGURATION_ERROR");
        assertThat(errorMessage(code(Map.of("code", "x", "timeout", 1.5))))
                .isEqualTo("the argument \"timeout\" must be a whole number");
    }

    @Test
    void theFlavorAndTheInputsReachTheSandbox() throws Exception {
        code(Map.of("code", "x", "flavor", "large", "inputs", Map.of("n", 1)));

        Execution execution = sandbox.executions.get(0);
        assertThat(execution.limits().memoryBytes()).isEqualTo(512L * 1024 * 1024);
        assertThat(execution.inputs().toJson()).isEqualTo("{\"n\":1}");
    }

    @Test
    void aCommandMayStartProcessesInASessionAndWithout() throws Exception {
        caller.call(ANN, "execute_command", Map.of("command", "ls", "timeout", 2));
        caller.call(ANN, "execute_command", Map.of("command", "ls", "keep_session", true));

        assertThat(sandbox.executions)
                .extracting(execution -> execution.limits().processes())
                .containsExactly(32, 32);
        assertThat(sandbox.opened).extracting(Limits::processes).containsExactly(32);
    }

    @Test
    @Incident("S139")
    void whomCodeComesFromGoesWithIt() throws Exception {
        String id = opened();
        caller.call(BOB, "execute_command", Map.of("command", "ls"));

        assertThat(sandbox.executions)
                .extracting(execution -> execution.origin().orElseThrow())
                .containsExactly(
                        new Execution.Origin(ANN, id, "execute_code"),
                        new Execution.Origin(BOB, "", "execute_command"));
    }

    @Test
    void theWeakestEnclosureIsWhatTheHostSays() throws Exception {
        try (ToolCaller strict =
                new ToolCaller(tools().weakestTier(Tier.VM).build().server("sandbox"))) {
            strict.call(ANN, "execute_code", Map.of("code", "x"));
            strict.call(ANN, "execute_code", Map.of("code", "x", "keep_session", true));
        }

        assertThat(sandbox.executions).extracting(Execution::weakestTier).containsExactly(Tier.VM, Tier.VM);
    }

    @Test
    @Incident("S168")
    void aSessionOfAnotherLanguageOrFlavorIsRefused() throws Exception {
        String id = opened();

        assertThat(errorCode(code(Map.of("code", "x", "session_id", id, "template", "node"))))
                .isEqualTo("SESSION_MISMATCH_ERROR");
        assertThat(errorCode(code(Map.of("code", "x", "session_id", id, "flavor", "large"))))
                .isEqualTo("SESSION_MISMATCH_ERROR");
        assertThat(errorCode(caller.call(ANN, "execute_command", Map.of("command", "ls", "session_id", id))))
                .isEqualTo("SESSION_MISMATCH_ERROR");
    }

    @Test
    void aSessionKnowsItsLanguageAndFlavor() throws Exception {
        String id = member(
                code(Map.of("code", "x", "template", "node", "flavor", "large", "keep_session", true)), "session_id");

        JsonValue result = code(Map.of("code", "x", "session_id", id, "timeout", 300));

        assertThat(member(result, "template")).isEqualTo("javascript");
        assertThat(member(result, "flavor")).isEqualTo("large");
    }

    @Test
    void aCommandsStatusIsToldAndAnyButZeroIsAnError() throws Exception {
        JsonValue well = caller.call(ANN, "execute_command", Map.of("command", "exit 0"));
        JsonValue badly = caller.call(ANN, "execute_command", Map.of("command", "exit 127"));

        assertThat(structured(well).get("exit_code").orElseThrow().toJson()).isEqualTo("0");
        assertThat(well.get("isError")).isEmpty();
        assertThat(errorCode(badly)).isEqualTo("COMMAND_EXECUTION_ERROR");
        assertThat(errorMessage(badly)).isEqualTo("the command has ended with status 127");
        assertThat(text(badly)).contains("[Exit Code: 127]");
    }

    @Test
    void aSandboxWithoutAShellHasNoToolForCommands() throws Exception {
        try (ToolCaller without = new ToolCaller(
                tools().languages(Set.of(Language.JAVASCRIPT)).build().server("sandbox"))) {
            assertThat(names(without)).contains("execute_code").doesNotContain("execute_command");
            assertThat(definition(without, "execute_code").toJson())
                    .contains("\"enum\":[\"javascript\",\"node\"]", "Default: javascript.");
        }
    }

    private static List<String> names(ToolCaller caller) throws Exception {
        return caller.list().stream()
                .map(tool -> tool.getString("name").orElseThrow())
                .toList();
    }

    private static JsonValue definition(ToolCaller caller, String name) throws Exception {
        return caller.list().stream()
                .filter(tool -> tool.getString("name").equals(Optional.of(name)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theToolsAreListedWithSchemasForWhatTheyTakeAndGive() throws Exception {
        assertThat(names(caller))
                .containsExactly(
                        "execute_code",
                        "execute_command",
                        "get_sessions",
                        "stop_session",
                        "pin_session",
                        "get_volume_path");
        assertThat(caller.list()).allSatisfy(tool -> {
            assertThat(tool.get("inputSchema").orElseThrow().getString("type")).contains("object");
            assertThat(tool.get("outputSchema").orElseThrow().getString("type")).contains("object");
            // No place of the resource was left open.
            assertThat(tool.toJson())
                    .doesNotContain("{templates}", "{flavor", "{error}", "{seconds", "{most", "{exec", "{apart");
        });
    }

    @Test
    void schemasSayWhichFlavorsThereAreAndHowLongTheyLast() throws Exception {
        try (SandboxSessions own = SandboxSessions.of(sandbox)
                        .noFlavors()
                        .flavor(
                                "tiny",
                                Limits.builder().wallTime(Duration.ofSeconds(5)).build())
                        .defaultFlavor("tiny")
                        .build();
                ToolCaller caller =
                        new ToolCaller(SandboxTools.of(sandbox, own).build().server("sandbox"))) {
            assertThat(definition(caller, "execute_code")
                            .get("inputSchema")
                            .orElseThrow()
                            .toJson())
                    .contains("\"enum\":[\"tiny\"]", "\"maximum\":5", "by flavor: tiny 5.", "Default: tiny.");
        }
    }

    @Test
    void oldNamesAreThereForThoseWhoWantThem() throws Exception {
        try (ToolCaller caller = new ToolCaller(tools().oldNames().build().server("sandbox"))) {
            assertThat(text(caller.call(ANN, "get_volume_mappings", Map.of())))
                    .isEqualTo("No folder of the host is mounted in the sandbox.");
        }
    }

    @Test
    @Incident("S166")
    void sessionsAreListedStoppedAndPinnedByTheirOwner() throws Exception {
        String id = opened();

        JsonValue pinned = caller.call(ANN, "pin_session", Map.of("session_id", id));
        JsonValue list = caller.call(ANN, "get_sessions", Map.of());
        JsonValue bobs = caller.call(BOB, "get_sessions", Map.of());
        JsonValue stopped = caller.call(ANN, "stop_session", Map.of("session_id", id));

        assertThat(member(pinned, "session_id")).isEqualTo(id);
        JsonValue listed =
                structured(list).get("sessions").orElseThrow().elements().get(0);
        assertThat(listed.getString("session_id")).contains(id);
        assertThat(listed.get("pinned").orElseThrow().toJson()).isEqualTo("true");
        assertThat(listed.getString("status")).contains("ready");
        assertThat(text(list)).contains("Session ID: " + id, "Status: ready (pinned)");
        assertThat(structured(bobs).toJson()).isEqualTo("{\"sessions\":[]}");
        assertThat(structured(stopped).get("success").orElseThrow().toJson()).isEqualTo("true");
        assertThat(sandbox.open).hasValue(0);
    }

    @Test
    void oneSessionMayBeAskedForAndAForeignOneIsNotThere() throws Exception {
        String id = opened();
        opened();

        assertThat(structured(caller.call(ANN, "get_sessions", Map.of("session_id", id)))
                        .get("sessions")
                        .orElseThrow()
                        .elements())
                .hasSize(1);
        assertThat(errorCode(caller.call(BOB, "get_sessions", Map.of("session_id", id))))
                .isEqualTo("SESSION_NOT_FOUND_ERROR");
        assertThat(errorCode(caller.call(BOB, "stop_session", Map.of("session_id", id))))
                .isEqualTo("SESSION_NOT_FOUND_ERROR");
        assertThat(errorCode(caller.call(BOB, "pin_session", Map.of("session_id", id))))
                .isEqualTo("SESSION_NOT_FOUND_ERROR");
    }

    @Test
    void tooManyPinsAreRefused() throws Exception {
        caller.call(ANN, "pin_session", Map.of("session_id", opened()));

        assertThat(errorCode(caller.call(ANN, "pin_session", Map.of("session_id", opened()))))
                .isEqualTo("RESOURCE_LIMIT_ERROR");
    }

    @Test
    void noVolumesAreMountedUnlessTheHostSaysSo() throws Exception {
        assertThat(structured(caller.call(ANN, "get_volume_path", Map.of())).toJson())
                .isEqualTo("{\"volume_mappings\":[]}");
        try (ToolCaller mounted =
                new ToolCaller(tools().volume("/srv/data", "/data").build().server("sandbox"))) {
            JsonValue result = mounted.call(ANN, "get_volume_path", Map.of());

            assertThat(text(result)).isEqualTo("Host: /srv/data -> Container: /data");
            assertThat(structured(result).get("volume_mappings").orElseThrow().elements())
                    .singleElement()
                    .satisfies(it -> assertThat(it.getString("container_path")).contains("/data"));
        }
    }

    @Test
    @Incident("S178")
    void whatIsTooLongIsCutInTheMiddleAndSaidToBe() throws Exception {
        try (ToolCaller caller = new ToolCaller(tools().shownBytes(256).build().server("sandbox"))) {
            JsonValue result =
                    caller.call(ANN, "execute_code", Map.of("code", "first!" + "\u20ac".repeat(1000) + "last"));

            String stdout = member(result, "stdout");
            assertThat(stdout).startsWith("first!\u20ac").endsWith("\u20aclast").contains("of 3010 bytes left out");
            assertThat(stdout).doesNotContain("\ufffd");
            assertThat(structured(result).get("truncated").orElseThrow().toJson())
                    .isEqualTo("[{\"field\":\"stdout\",\"shown_bytes\":253,\"total_bytes\":3010}]");
            assertThat(text(result)).contains("[Output was cut");
        }
    }

    @Test
    @Incident("S178")
    void whatAnErrorSaysIsCutAsWell() throws Exception {
        JsonValue result = code(Map.of("code", "fail " + "x".repeat(100_000)));

        assertThat(errorMessage(result)).hasSizeLessThan(33_000).contains("of 100000 bytes left out");
        assertThat(text(result)).hasSizeLessThan(34_000);
        assertThat(structured(result).get("truncated").orElseThrow().toJson()).contains("\"field\":\"message\"");
    }

    @Test
    void aValueThatIsTooLargeOrTooDeepIsLeftOut() throws Exception {
        String deep = "[".repeat(40) + "]".repeat(40);
        JsonValue result = code(Map.of("code", "exit " + deep));

        assertThat(structured(result).get("value")).isEmpty();
        assertThat(structured(result).get("truncated").orElseThrow().toJson())
                .isEqualTo("[{\"field\":\"value\",\"shown_bytes\":0,\"total_bytes\":80}]");
    }

    @Test
    void whoWantsToHearOfProgressHearsThatTheCodeRuns() throws Exception {
        ToolCaller.Call call = caller.beginTold(ANN, "execute_code", Map.of("code", "wait"));

        assertThat(call.progress().poll(10, TimeUnit.SECONDS)).isEqualTo("running for 0 s");
        assertThat(call.progress().poll(10, TimeUnit.SECONDS)).startsWith("running for ");
        sandbox.mayEnd.countDown();

        assertThat(member(call.result().get(10, TimeUnit.SECONDS), "stdout")).isEqualTo("waited");
    }

    @Test
    void whoHearsOfProgressIsRefusedInTheSameWords() throws Exception {
        JsonValue result = caller.beginTold(ANN, "execute_code", Map.of("code", "x", "session_id", "nobody"))
                .result()
                .get(10, TimeUnit.SECONDS);

        assertThat(errorCode(result)).isEqualTo("SESSION_NOT_FOUND_ERROR");
    }

    @Test
    void aCancelledCallEndsItsCodeAndLeavesNoSession() throws Exception {
        for (Optional<String> token : List.of(Optional.<String>empty(), Optional.of("token"))) {
            FakeSandbox own = new FakeSandbox();
            try (SandboxSessions ownSessions = SandboxSessions.of(own).build();
                    ToolCaller ownCaller = new ToolCaller(
                            SandboxTools.of(own, ownSessions).build().server("sandbox"))) {
                ToolCaller.Call call =
                        ownCaller.begin(ANN, "execute_code", Map.of("code", "wait", "keep_session", true), token);
                own.waits.await();

                call.handle().cancel("not wanted");

                Waiting.until("the session is closed", () -> own.open.get() == 0 ? true : null);
                assertThat(ownSessions.count()).isZero();
                Waiting.until(
                        "the thread has ended",
                        () -> Thread.getAllStackTraces().keySet().stream()
                                        .noneMatch(thread -> thread.getName().equals("sallyport-sandbox-call"))
                                ? true
                                : null);
                assertThat(call.result()).isNotDone();
            }
        }
    }

    @Test
    void aSessionThatIsBusyForTooLongIsSaidToBe() throws Exception {
        String id = opened();
        ToolCaller.Call running =
                caller.begin(ANN, "execute_code", Map.of("code", "wait", "session_id", id), Optional.empty());
        sandbox.waits.await();

        assertThat(errorCode(code(Map.of("code", "get x", "session_id", id)))).isEqualTo("SESSION_BUSY_ERROR");

        sandbox.mayEnd.countDown();
        running.result().get(10, TimeUnit.SECONDS);
    }
}
