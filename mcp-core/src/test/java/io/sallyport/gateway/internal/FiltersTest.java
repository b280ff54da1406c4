package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.filter.CallContext;
import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Refusal;
import io.sallyport.filter.Stage;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.Principal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FiltersTest {

    private static final RequestId ID = RequestId.of(7);
    private static final Request CALL =
            Request.of(ID, "tools/call", Map.of("name", "delete_all", "arguments", Map.of("a", 1)));
    private static final Response RESULT = Response.result(ID, Map.of("secret", "s"));
    private static final Notification PROGRESS = Notification.of("notifications/progress", Map.of("progress", 1));
    private static final CallContext CONTEXT = new CallInfo(
            "/mcp",
            Principal.anonymous(),
            Era.MODERN,
            "tools/call",
            Optional.of("files"),
            Optional.of("delete_all"),
            "correlation",
            Optional.empty());

    private final List<String> seen = new ArrayList<>();

    @Test
    void aHostWritesAFilterInThreeLines() {
        McpFilter noDeletes = McpFilter.onRequest(
                Stage.AUTHORIZE,
                (call, request) ->
                        call.target().filter(tool -> tool.startsWith("delete_")).isPresent()
                                ? Decision.refuse(Refusal.forbidden("Nothing is deleted here."))
                                : Decision.proceed());

        Filters.Answered refused = answered(new Filters(List.of(noDeletes)).request(CONTEXT, CALL));

        assertThat(refused.httpStatus()).isEqualTo(403);
        assertThat(refused.outcome()).isEqualTo(AuditEvent.Outcome.REFUSED);
        assertThat(refused.reason()).isEqualTo("forbidden");
        assertThat(refused.response().toJson())
                .isEqualTo(
                        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":40300,\"message\":\"Nothing is deleted here.\","
                                + "\"data\":{\"code\":\"forbidden\",\"component\":\"policy\",\"cause\":\"Nothing is deleted here.\","
                                + "\"retryable\":false,\"correlationId\":\"correlation\"}}}");
    }

    @Test
    void whatARefusalSaysInHeadersGoesWithTheAnswer() {
        McpFilter limit = McpFilter.onRequest(
                Stage.LIMIT,
                (call, request) -> Decision.refuse(Refusal.rateLimited("Too fast.", Duration.ofSeconds(3))
                        .header("RateLimit", "\"a\";r=0")
                        .header("Content-Type", "text/html")));

        Filters.Answered refused = answered(new Filters(List.of(limit)).request(CONTEXT, CALL));

        assertThat(refused.headers())
                .containsOnly(Map.entry("RateLimit", "\"a\";r=0"), Map.entry("Content-Type", "text/html"));
        assertThat(Http.jsonWith(refused.headers())).containsEntry("Content-Type", "application/json");
    }

    @Test
    void theStagesHaveTheirOrder() {
        assertThat(Stage.values())
                .containsExactly(Stage.LIMIT, Stage.BIND, Stage.AUTHORIZE, Stage.VALIDATE, Stage.CACHE, Stage.ROUTE);
    }

    @Test
    void requestsGoThroughTheStagesInOrderAndResultsBackThroughThem() {
        List<McpFilter> added = new ArrayList<>();
        for (Stage stage : List.of(
                Stage.ROUTE, Stage.CACHE, Stage.LIMIT, Stage.VALIDATE, Stage.AUTHORIZE, Stage.BIND, Stage.LIMIT)) {
            added.add(new Recording(stage, added.size()));
        }
        Filters filters = new Filters(added);
        List<String> order = List.of("LIMIT 2", "LIMIT 6", "BIND 5", "AUTHORIZE 4", "VALIDATE 3", "CACHE 1", "ROUTE 0");
        List<String> reversed = new ArrayList<>(order);
        java.util.Collections.reverse(reversed);

        filters.request(CONTEXT, CALL);
        assertThat(seen).isEqualTo(order);
        seen.clear();
        filters.result(CONTEXT, RESULT);
        assertThat(seen).isEqualTo(reversed);
        seen.clear();
        filters.notification(CONTEXT, PROGRESS);
        assertThat(seen).isEqualTo(reversed);
    }

    @Test
    void onlyThoseThatLookAtResultsMakeResultsWait() {
        McpFilter requestsOnly = McpFilter.onRequest(Stage.ROUTE, (call, request) -> Decision.proceed());

        assertThat(new Filters(List.of()).lookAtResults()).isFalse();
        assertThat(new Filters(List.of(requestsOnly)).lookAtResults()).isFalse();
        assertThat(new Filters(List.of(requestsOnly, new Recording(Stage.LIMIT, 0))).lookAtResults())
                .isTrue();
    }

    @Test
    void anAnswerComesFromTheFilterAndNobodySeesTheRequestAfterIt() {
        Filters filters = new Filters(List.of(
                new Recording(Stage.LIMIT, 0),
                onRequest(Stage.CACHE, Decision.answer(Response.result(RequestId.of(99), Map.of("cached", true)))),
                new Recording(Stage.ROUTE, 1)));

        Filters.Answered answered = answered(filters.request(CONTEXT, CALL));

        assertThat(answered.response().toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"cached\":true}}");
        assertThat(answered.httpStatus()).isEqualTo(200);
        assertThat(answered.outcome()).isEqualTo(AuditEvent.Outcome.ANSWERED);
        assertThat(seen).containsExactly("LIMIT 0");
    }

    @Test
    void nobodySeesARequestThatIsRefused() {
        Filters filters = new Filters(List.of(
                onRequest(Stage.LIMIT, Decision.refuse(Refusal.forbidden("No."))), new Recording(Stage.ROUTE, 1)));

        answered(filters.request(CONTEXT, CALL));

        assertThat(seen).isEmpty();
    }

    @Test
    void aChangeIsWhatTheNextOneSeesAndWhatIsSent() {
        Request bound = (Request) CALL.edit()
                .set(Part.PARAMS, "arguments", "{\"a\":1,\"user\":\"ann\"}")
                .apply();
        List<Message> later = new ArrayList<>();
        Filters filters = new Filters(List.of(
                onRequest(Stage.BIND, Decision.proceedWith(bound)),
                McpFilter.onRequest(Stage.ROUTE, (call, request) -> {
                    later.add(request);
                    return Decision.proceed();
                })));

        Filters.Outcome outcome = filters.request(CONTEXT, CALL);

        assertThat(((Filters.GoesOn) outcome).request().toJson()).isEqualTo(bound.toJson());
        assertThat(later).singleElement().extracting(Message::toJson).isEqualTo(bound.toJson());
    }

    @Test
    void noFilterChangesTheId() {
        Filters filters = new Filters(List.of(
                onRequest(Stage.BIND, Decision.proceedWith(CALL.withId(RequestId.of(99)))),
                McpFilter.onResult(
                        Stage.BIND, (call, result) -> Decision.proceedWith(result.withId(RequestId.of(99))))));

        assertThat(((Filters.GoesOn) filters.request(CONTEXT, CALL)).request().id())
                .isEqualTo(ID);
        assertThat(filters.result(CONTEXT, RESULT).id()).contains(ID);
    }

    static Stream<Decision> whatNoHookOnRequestsMayDecide() {
        return Stream.of(
                null,
                Decision.proceedWith(RESULT),
                Decision.proceedWith(PROGRESS),
                Decision.proceedWith(Request.of(ID, "tools/list", Map.of("name", "delete_all"))),
                Decision.proceedWith(Request.of(ID, "tools/call", Map.of("name", "other"))),
                Decision.proceedWith(Request.of(ID, "tools/call", Map.of("arguments", Map.of()))),
                Decision.proceedWith(Request.of(ID, "tools/call", Map.of("name", "delete_all", "uri", "a:b"))),
                Decision.proceedWith(Request.of(ID, "tools/call", Map.of("name", "delete_all", "ref", Map.of()))));
    }

    @ParameterizedTest
    @MethodSource("whatNoHookOnRequestsMayDecide")
    void aRequestDoesNotPassAFilterThatDecidesWhatItMayNot(Decision decision) {
        Filters filters = new Filters(List.of(onRequest(Stage.LIMIT, decision), new Recording(Stage.ROUTE, 1)));

        Filters.Answered refused = answered(filters.request(CONTEXT, CALL));

        assertThat(refused.response().errorCode()).isEqualTo(-32603);
        assertThat(refused.httpStatus()).isEqualTo(200);
        assertThat(refused.response().id()).contains(ID);
        assertThat(seen).isEmpty();
    }

    static Stream<Decision> whatNoHookOnResultsMayDecide() {
        return Stream.of(null, Decision.proceedWith(CALL), Decision.proceedWith(PROGRESS), Decision.answer(RESULT));
    }

    @ParameterizedTest
    @MethodSource("whatNoHookOnResultsMayDecide")
    void aResultDoesNotPassAFilterThatDecidesWhatItMayNot(Decision decision) {
        Response sent = new Filters(List.of(onResult(Stage.LIMIT, decision))).result(CONTEXT, RESULT);

        assertThat(sent.errorCode()).isEqualTo(-32603);
        assertThat(sent.id()).contains(ID);
        assertThat(sent.toJson()).doesNotContain("secret");
    }

    @ParameterizedTest
    @MethodSource("whatNoHookOnNotificationsMayDecide")
    void aNotificationDoesNotPassAFilterThatDecidesWhatItMayNot(Decision decision) {
        assertThat(new Filters(List.of(onNotification(decision))).notification(CONTEXT, PROGRESS))
                .isEmpty();
    }

    static Stream<Decision> whatNoHookOnNotificationsMayDecide() {
        return Stream.of(
                null,
                Decision.proceedWith(CALL),
                Decision.proceedWith(RESULT),
                Decision.answer(RESULT),
                Decision.refuse(Refusal.forbidden("No.")));
    }

    @Test
    void aNotificationGoesOnAsTheFiltersLeaveIt() {
        Notification other = Notification.of("notifications/progress", Map.of("progress", 2));

        assertThat(new Filters(List.of(onNotification(Decision.proceedWith(other)))).notification(CONTEXT, PROGRESS))
                .contains(other);
        assertThat(new Filters(List.of(onNotification(Decision.proceed()))).notification(CONTEXT, PROGRESS))
                .contains(PROGRESS);
    }

    @Test
    void aResultThatIsWithheldIsSeenByNobodyElse() {
        Filters filters = new Filters(List.of(
                new Recording(Stage.LIMIT, 0),
                onResult(Stage.ROUTE, Decision.refuse(Refusal.forbidden("It holds a secret.")))));

        Response sent = filters.result(CONTEXT, RESULT);

        assertThat(sent.errorCode()).isEqualTo(40300);
        assertThat(sent.toJson()).doesNotContain("\"s\"");
        assertThat(seen).isEmpty();
    }

    /** What Java's compiler knows, what it does not, and what a filter's jar may bring along. */
    static Stream<Throwable> faults() {
        return Stream.of(
                new IllegalStateException("host db.internal"),
                new IOException("host db.internal"),
                new NoClassDefFoundError("com/example/Missing"),
                new StackOverflowError());
    }

    @ParameterizedTest
    @MethodSource("faults")
    void nothingPassesAFilterThatFails(Throwable fault) {
        Filters filters = new Filters(List.of(new Failing(fault)));

        Filters.Answered refused = answered(filters.request(CONTEXT, CALL));
        Response result = filters.result(CONTEXT, RESULT);
        Optional<Notification> notification = filters.notification(CONTEXT, PROGRESS);

        for (Response sent : List.of(refused.response(), result)) {
            assertThat(sent.errorCode()).isEqualTo(-32603);
            assertThat(sent.id()).contains(ID);
            assertThat(sent.toJson())
                    .doesNotContain("secret", "db.internal", "com/example")
                    .contains("\"correlationId\":\"correlation\"");
        }
        assertThat(notification).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"request", "result"})
    void aFilterOfOneWayLetsTheOtherPass(String way) {
        Decision refused = Decision.refuse(Refusal.forbidden("No."));
        McpFilter filter = way.equals("request") ? onRequest(Stage.LIMIT, refused) : onResult(Stage.LIMIT, refused);
        Filters filters = new Filters(List.of(filter));

        assertThat(filters.request(CONTEXT, CALL) instanceof Filters.GoesOn).isEqualTo(way.equals("result"));
        assertThat(filters.result(CONTEXT, RESULT).isError()).isEqualTo(way.equals("result"));
        assertThat(filters.notification(CONTEXT, PROGRESS)).contains(PROGRESS);
        assertThat(filter.looksAtResults()).isEqualTo(way.equals("result"));
    }

    private static Filters.Answered answered(Filters.Outcome outcome) {
        assertThat(outcome).isInstanceOf(Filters.Answered.class);
        return (Filters.Answered) outcome;
    }

    private static McpFilter onRequest(Stage stage, Decision decision) {
        return McpFilter.onRequest(stage, (call, request) -> decision);
    }

    private static McpFilter onResult(Stage stage, Decision decision) {
        return McpFilter.onResult(stage, (call, result) -> decision);
    }

    private static McpFilter onNotification(Decision decision) {
        return new McpFilter() {
            @Override
            public Stage stage() {
                return Stage.LIMIT;
            }

            @Override
            public Decision onNotification(CallContext call, Notification notification) {
                return decision;
            }
        };
    }

    private final class Recording implements McpFilter {

        private final Stage stage;
        private final String name;

        Recording(Stage stage, int number) {
            this.stage = stage;
            this.name = stage + " " + number;
        }

        @Override
        public Stage stage() {
            return stage;
        }

        @Override
        public Decision onRequest(CallContext call, Request request) {
            seen.add(name);
            return Decision.proceed();
        }

        @Override
        public Decision onNotification(CallContext call, Notification notification) {
            seen.add(name);
            return Decision.proceed();
        }

        @Override
        public Decision onResult(CallContext call, Response response) {
            seen.add(name);
            return Decision.proceed();
        }
    }

    private record Failing(Throwable fault) implements McpFilter {

        @Override
        public Stage stage() {
            return Stage.LIMIT;
        }

        @Override
        public Decision onRequest(CallContext call, Request request) {
            throw sneaky(fault);
        }

        @Override
        public Decision onNotification(CallContext call, Notification notification) {
            throw sneaky(fault);
        }

        @Override
        public Decision onResult(CallContext call, Response response) {
            throw sneaky(fault);
        }

        @SuppressWarnings("unchecked")
        private static <T extends Throwable> RuntimeException sneaky(Throwable fault) throws T {
            throw (T) fault;
        }
    }
}
