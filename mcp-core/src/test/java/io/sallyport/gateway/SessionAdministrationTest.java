package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.SessionAdministration.Entry;
import io.sallyport.gateway.SessionAdministration.Statistics;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Principal;
import io.sallyport.testing.McpHttp;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SessionAdministrationTest {

    private static final Principal ANN = new Principal("test", "client", "ann", "default");

    private RemoteServer server;
    private GatewayRig rig;

    @BeforeEach
    void start() throws Exception {
        server = RemoteServer.legacy("up");
        rig = new GatewayRig(server.upstream()).ready();
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
        server.close();
    }

    private SessionAdministration sessions() {
        return rig.gateway.sessions();
    }

    private List<Entry> all() {
        return sessions().list("", 100, Optional.empty(), Optional.empty());
    }

    @Test
    void anOperatorSeesWhoHasSessionsButNotTheirIds() {
        String id = rig.as("ann").initialize("{}");
        rig.as("bob").initialize("{}");

        assertThat(all()).extracting(entry -> entry.principal().subject()).containsExactlyInAnyOrder("ann", "bob");
        assertThat(all()).allSatisfy(entry -> {
            assertThat(entry.endpoint()).isEqualTo("/mcp");
            assertThat(entry.protocolVersion()).isEqualTo("2025-11-25");
            assertThat(JsonValue.trusted(entry.clientInfo()).getString("name")).contains("t");
            assertThat(entry.used()).isAfterOrEqualTo(entry.opened());
            assertThat(id).doesNotContain(entry.key());
        });
    }

    @Test
    void sessionsAreListedByPageEndpointAndPrincipal() {
        for (int i = 0; i < 3; i++) {
            rig.as("ann").initialize("{}");
        }
        rig.as("bob").initialize("{}");
        List<Entry> everybody = all();

        assertThat(sessions().list("", 3, Optional.empty(), Optional.empty())).isEqualTo(everybody.subList(0, 3));
        assertThat(sessions().list(everybody.get(2).key(), 3, Optional.empty(), Optional.empty()))
                .isEqualTo(everybody.subList(3, 4));
        assertThat(sessions().list("", 9, Optional.of("/mcp"), Optional.of(ANN)))
                .hasSize(3);
        assertThat(sessions().list("", 9, Optional.of("/other"), Optional.empty()))
                .isEmpty();
    }

    @Test
    void aSessionThatAnOperatorEndsSaysSoToItsClient() throws Exception {
        McpHttp ann = rig.as("ann");
        String id = ann.initialize("{}");
        try (McpHttp.Stream stream = ann.open("GET", "", McpHttp.legacyHeaders(id))) {
            stream.nextEvent();
            assertThat(sessions().statistics()).isEqualTo(new Statistics(1, 1, 1));

            sessions().terminate(all().get(0).key());
            sessions().terminate("unknown");

            assertThat(stream.nextEvent()).as("the end").isEmpty();
        }
        assertThat(ann.legacy(id, 1, "ping", "{}").body()).contains("terminated_by_server");
        assertThat(sessions().statistics()).isEqualTo(new Statistics(0, 0, 0));
    }

    @Test
    void allSessionsOfOneCanBeEnded() {
        rig.as("ann").initialize("{}");
        rig.as("ann").initialize("{}");
        rig.as("bob").initialize("{}");

        assertThat(sessions().terminateAll(ANN)).isEqualTo(2);

        assertThat(all()).extracting(entry -> entry.principal().subject()).containsExactly("bob");
    }

    @Test
    void whatIsExportedIsALineOfJsonForEach() throws Exception {
        rig.as("ann").initialize("{}");
        rig.as("bob").initialize("{}");
        StringBuilder out = new StringBuilder();

        assertThat(sessions().export(out)).isEqualTo(2);

        assertThat(out.toString().lines().map(JsonValue::trusted))
                .extracting(line -> line.get("principal")
                        .flatMap(who -> who.getString("subject"))
                        .orElse(""))
                .containsExactlyInAnyOrder("ann", "bob");
    }
}
