package io.sallyport.sandbox.process;

import java.util.List;

/** Finds the processes of sandboxes as the machine sees them. */
final class Enclosed {

    private Enclosed() {}

    /** Returns those whose output goes, or went, to a sandbox of a gateway, and what is dead and that nobody has buried. */
    static List<Long> processes(long gateway) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> ProcessTree.output(pid).toString().contains("/sallyport-sandbox-" + gateway + "-")
                        || isDeadChild(pid, gateway))
                .toList();
    }

    /**
     * Returns whether it is a process of bubblewrap that waits to be let run by its parent, which is gone: one that was killed
     * before it could ask to die with it. No code runs in it, and never will.
     */
    static boolean hasNotBegun(long pid) {
        return ProcessTree.read(pid, "comm").strip().equals("bwrap")
                && ProcessTree.read(pid, "task/" + pid + "/children").isBlank();
    }

    private static boolean isDeadChild(long pid, long gateway) {
        return ProcessTree.read(pid, "stat").contains(") Z " + gateway + " ");
    }
}
