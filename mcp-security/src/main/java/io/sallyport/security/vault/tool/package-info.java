/**
 * The vault at the command line: {@link io.sallyport.security.vault.tool.VaultTool} is its main class, and {@code docs/vault.md}
 * says what it is told. Everything here is confined to one thread.
 */
@NullMarked
package io.sallyport.security.vault.tool;

import org.jspecify.annotations.NullMarked;
