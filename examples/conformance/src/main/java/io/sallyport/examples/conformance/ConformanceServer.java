package io.sallyport.examples.conformance;

import io.sallyport.upstream.local.LocalServer;

/** The tools, prompts and resources that the conformance suite looks for; it says of each what it has to do. */
final class ConformanceServer {

    private ConformanceServer() {}

    static LocalServer create() {
        LocalServer.Builder builder = LocalServer.named("conformance")
                .version("1.0.0")
                .instructions("Everything here is for the MCP conformance suite.");
        ContentTools.all().forEach(builder::tool);
        ReportingTools.all().forEach(builder::tool);
        AskingTools.all().forEach(builder::tool);
        RoundTripTools.all().forEach(builder::tool);
        Prompts.all().forEach(builder::prompt);
        Resources.all().forEach(builder::resource);
        LocalServer server = builder.build();
        ChangingTools.of(server).forEach(server::add);
        return server;
    }
}
