package io.sallyport.sandbox;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;

/** What {@link SandboxSessions.Builder} was told. */
record SessionSettings(
        Map<String, Limits> flavors,
        String defaultFlavor,
        int commandProcesses,
        Room most,
        Room mostOfTenant,
        int pinnedOfTenant,
        Duration idle,
        Duration age,
        Duration patience,
        InstantSource clock) {}
