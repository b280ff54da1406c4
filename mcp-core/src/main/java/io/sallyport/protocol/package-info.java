/**
 * The messages of the Model Context Protocol as this library sees them: bytes that were scanned once, and what policy
 * needs to know of them.
 *
 * <p>A {@link io.sallyport.protocol.Message} keeps the bytes that arrived. {@link
 * io.sallyport.protocol.Message#parse(byte[], MessageLimits)} checks them whole and strictly (UTF-8, grammar, member
 * names, depth, sizes) and remembers where the envelope's members stand; no tree is built. Whoever has to change a
 * message asks for an {@link io.sallyport.protocol.MessageEdit} and gets a new one in which every byte that had no
 * need to change is the byte that arrived. Start at {@link io.sallyport.protocol.Message}.
 *
 * <p>All types here are immutable and safe for use by several threads, {@code MessageEdit} excepted. Sources: JSON-RPC
 * 2.0, RFC 8259, and the MCP revisions 2025-03-26 to 2026-07-28.
 */
@NullMarked
package io.sallyport.protocol;

import org.jspecify.annotations.NullMarked;
