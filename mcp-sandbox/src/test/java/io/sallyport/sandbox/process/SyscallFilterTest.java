package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Interprets the program as the kernel does. */
class SyscallFilterTest {

    private static final int X86_64 = 0xc000003e;
    private static final int I386 = 0x40000003;

    private static final long CLONE_OF_A_THREAD = 0x3d0f00;
    private static final long CLONE_OF_A_PROCESS = 0x1200011;

    private static int verdict(boolean mayFork, int architecture, int number, long... arguments) {
        ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(0, number).putInt(4, architecture);
        for (int i = 0; i < arguments.length; i++) {
            data.putLong(16 + 8 * i, arguments[i]);
        }
        return interpret(SyscallFilter.program(mayFork), data);
    }

    private static int interpret(byte[] bytes, ByteBuffer data) {
        ByteBuffer program = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int accumulator = 0;
        for (int at = 0; ; at++) {
            int operand = program.getInt(8 * at + 4);
            int ifSo = Byte.toUnsignedInt(program.get(8 * at + 2));
            int ifNot = Byte.toUnsignedInt(program.get(8 * at + 3));
            boolean holds;
            switch (program.getShort(8 * at)) {
                case 0x20 -> {
                    accumulator = data.getInt(operand);
                    continue;
                }
                case 0x06 -> {
                    return operand;
                }
                case 0x15 -> holds = accumulator == operand;
                case 0x35 -> holds = Integer.compareUnsigned(accumulator, operand) >= 0;
                case 0x45 -> holds = (accumulator & operand) != 0;
                default -> throw new AssertionError("no such instruction at " + at);
            }
            at += holds ? ifSo : ifNot;
        }
    }

    private static int verdict(int number, long... arguments) {
        return verdict(false, X86_64, number, arguments);
    }

    @ParameterizedTest
    @CsvSource({"read, 0", "write, 1", "mmap, 9", "execve, 59", "openat, 257", "getrandom, 318", "epoll_pwait2, 441"})
    void letsThroughWhatInterpretersNeed(String name, int number) {
        assertThat(verdict(number)).as(name).isEqualTo(SyscallFilter.ALLOW);
    }

    @ParameterizedTest
    @CsvSource({
        "socket, 41",
        "connect, 42",
        "bind, 49",
        "listen, 50",
        "accept, 43",
        "setsockopt, 54",
        "ptrace, 101",
        "syslog, 103",
        "setuid, 105",
        "capset, 126",
        "mknod, 133",
        "personality, 135",
        "pivot_root, 155",
        "chroot, 161",
        "mount, 165",
        "umount2, 166",
        "sethostname, 170",
        "init_module, 175",
        "quotactl, 179",
        "add_key, 248",
        "request_key, 249",
        "keyctl, 250",
        "unshare, 272",
        "splice, 275",
        "vmsplice, 278",
        "perf_event_open, 298",
        "fanotify_init, 300",
        "name_to_handle_at, 303",
        "open_by_handle_at, 304",
        "setns, 308",
        "process_vm_readv, 310",
        "process_vm_writev, 311",
        "kcmp, 312",
        "finit_module, 313",
        "seccomp, 317",
        "memfd_create, 319",
        "bpf, 321",
        "execveat, 322",
        "userfaultfd, 323",
        "io_uring_setup, 425",
        "open_tree, 428",
        "fsopen, 430",
        "pidfd_open, 434",
        "openat2, 437",
        "pidfd_getfd, 438",
        "mount_setattr, 442",
        "memfd_secret, 447"
    })
    void refusesWhatLeadsOut(String name, int number) {
        assertThat(verdict(number)).as(name).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(true, X86_64, number)).as(name).isEqualTo(SyscallFilter.EPERM);
    }

    @ParameterizedTest
    @ValueSource(ints = {57, 58})
    void letsNoProcessBeStartedUnlessThereMayBeSome(int forkOrVfork) {
        assertThat(verdict(false, X86_64, forkOrVfork)).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(true, X86_64, forkOrVfork)).isEqualTo(SyscallFilter.ALLOW);
    }

    @Test
    void clonesThreadsAlwaysAndProcessesIfThereMayBeSome() {
        assertThat(verdict(false, X86_64, 56, CLONE_OF_A_THREAD)).isEqualTo(SyscallFilter.ALLOW);
        assertThat(verdict(false, X86_64, 56, CLONE_OF_A_PROCESS)).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(true, X86_64, 56, CLONE_OF_A_THREAD)).isEqualTo(SyscallFilter.ALLOW);
        assertThat(verdict(true, X86_64, 56, CLONE_OF_A_PROCESS)).isEqualTo(SyscallFilter.ALLOW);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000})
    void clonesNothingIntoANamespaceOfItsOwn(long namespace) {
        assertThat(verdict(true, X86_64, 56, CLONE_OF_A_PROCESS | namespace)).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(false, X86_64, 56, CLONE_OF_A_THREAD | namespace)).isEqualTo(SyscallFilter.EPERM);
    }

    @ParameterizedTest
    @ValueSource(ints = {435, 451, 463, 1000, 0x40000000, 0x40000001, 0x7fffffff, -1})
    void doesNotKnowWhatItCannotJudge(int number) {
        assertThat(verdict(true, X86_64, number)).isEqualTo(SyscallFilter.ENOSYS);
    }

    @Test
    void endsWhoCallsAsAnotherProcessorWould() {
        assertThat(verdict(false, I386, 0)).isEqualTo(SyscallFilter.KILL);
        assertThat(verdict(true, I386, 1)).isEqualTo(SyscallFilter.KILL);
    }

    @Test
    void putsNothingIntoATerminal() {
        assertThat(verdict(16, 1, 0x5412)).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(16, 1, 0x541c)).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(16, 1, 0x5401)).isEqualTo(SyscallFilter.ALLOW);
        // The kernel looks at the lower half only.
        assertThat(verdict(16, 1, 0x1_0000_5412L)).isEqualTo(SyscallFilter.EPERM);
    }

    @Test
    void letsThereBePairsOfSocketsOfThisMachine() {
        assertThat(verdict(53, 1)).isEqualTo(SyscallFilter.ALLOW);
        assertThat(verdict(53, 2)).isEqualTo(SyscallFilter.EPERM);
    }

    @Test
    void leavesPipesTheirRoom() {
        assertThat(verdict(72, 4, 1031)).isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(72, 4, 3)).isEqualTo(SyscallFilter.ALLOW);
    }

    @Test
    void changesNothingOfAProcessThatProtectsIt() {
        assertThat(verdict(157, 15)).as("PR_SET_NAME").isEqualTo(SyscallFilter.ALLOW);
        assertThat(verdict(157, 1)).as("PR_SET_PDEATHSIG").isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(157, 22)).as("PR_SET_SECCOMP").isEqualTo(SyscallFilter.EPERM);
        assertThat(verdict(157, 36)).as("PR_SET_CHILD_SUBREAPER").isEqualTo(SyscallFilter.EPERM);
    }
}
