package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxContract;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;

/** Machines that run real interpreters. */
class MicrosandboxContractSweepTest extends SandboxContract {

    private final MicrosandboxStandIn server =
            new MicrosandboxStandIn(MicrosandboxStandIn.Dialect.WITH_NAMESPACES, new RealEngine());

    @AfterAll
    void closesTheServer() {
        server.close();
    }

    @Override
    protected Sandbox create() throws Exception {
        return MicrosandboxSandbox.builder(server.uri())
                .owner("contract")
                .concurrency(4)
                .patience(Duration.ofMinutes(1))
                .build();
    }

    @Override
    protected Set<Limit> advisory() {
        return EnumSet.of(Limit.CPU_TIME, Limit.MEMORY, Limit.FILES, Limit.PROCESSES);
    }

    @Override
    protected Duration brief() {
        return Duration.ofSeconds(1);
    }
}
