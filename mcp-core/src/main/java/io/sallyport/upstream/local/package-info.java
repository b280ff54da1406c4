/**
 * A host's own tools, prompts and resources, served by the gateway beside those of its upstreams.
 *
 * <pre>{@code
 * LocalServer clock = LocalServer.named("clock")
 *     .tool(Tool.named("now")
 *         .description("Returns the time of day in a time zone.")
 *         .param("zone", "string", "An IANA time zone, such as Europe/Berlin")
 *         .handler(call -> ToolResult.text(LocalTime.now(ZoneId.of(call.string("zone"))).toString())))
 *     .build();
 * }</pre>
 *
 * <p>Handlers run on the gateway's executor, several at once, and may block; a call that is cancelled interrupts its
 * handler. A handler is written once for clients of both eras: it asks the user or the model by returning what it
 * needs, and is called again with the answers.
 *
 * <p>Start at {@link io.sallyport.upstream.local.LocalServer}.
 */
@NullMarked
package io.sallyport.upstream.local;

import org.jspecify.annotations.NullMarked;
