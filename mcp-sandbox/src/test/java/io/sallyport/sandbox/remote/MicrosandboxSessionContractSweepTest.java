package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessionContract;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;

/** Machines that run real interpreters, and are kept; on a server of the other dialect. */
class MicrosandboxSessionContractSweepTest extends SandboxSessionContract {

    private final MicrosandboxStandIn server =
            new MicrosandboxStandIn(MicrosandboxStandIn.Dialect.WITHOUT, new RealEngine());

    @AfterAll
    void closesTheServer() {
        server.close();
    }

    @Override
    protected Sandbox create() throws Exception {
        return MicrosandboxSandbox.builder(server.uri())
                .owner("contract")
                .concurrency(8)
                .patience(Duration.ofMinutes(1))
                .build();
    }

    @Override
    protected Set<Language> stateful() {
        return EnumSet.allOf(Language.class);
    }

    @Override
    protected Duration brief() {
        return Duration.ofSeconds(1);
    }
}
