package io.sallyport.sandbox.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the program by which the kernel judges each system call of enclosed code: classic BPF for seccomp, for 64-bit x86.
 *
 * <p>What is listed is allowed; the rest fails with {@code EPERM}, as if code had no right to it, and what is newer than the
 * list with {@code ENOSYS}, so that libraries fall back to what is older. Missing on purpose are, above all: sockets but for
 * pairs of them, everything about other processes' memory, keys, mounts, namespaces, {@code bpf}, {@code io_uring}, {@code
 * perf}, {@code userfaultfd}, files that only memory holds, and everything that takes a capability.
 */
final class SyscallFilter {

    static final int ALLOW = 0x7fff0000;
    static final int KILL = 0x80000000;
    static final int EPERM = 0x00050000 | 1;
    static final int ENOSYS = 0x00050000 | 38;

    private static final int AUDIT_ARCH_X86_64 = 0xc000003e;

    /** Calls of the other ABI of the same processor begin here. */
    private static final int X32 = 0x40000000;

    /** What comes after these was added to the kernel when this list had been made. */
    private static final int LAST_KNOWN = 450;

    private static final int NUMBER = 0;
    private static final int ARCHITECTURE = 4;
    private static final int FIRST_ARGUMENT = 16;

    private static final short LOAD = 0x20;
    private static final short RETURN = 0x06;
    private static final short IF_EQUAL = 0x15;
    private static final short IF_AT_LEAST = 0x35;
    private static final short IF_ANY_BIT = 0x45;

    /** By name and number. */
    private static final String ALLOWED = """
            read 0 write 1 open 2 close 3 stat 4 fstat 5 lstat 6 poll 7 lseek 8 mmap 9 mprotect 10 munmap 11 brk 12
            rt_sigaction 13 rt_sigprocmask 14 rt_sigreturn 15 pread64 17 pwrite64 18 readv 19 writev 20 access 21 pipe 22
            select 23 sched_yield 24 mremap 25 msync 26 mincore 27 madvise 28 dup 32 dup2 33 pause 34 nanosleep 35
            getitimer 36 alarm 37 setitimer 38 getpid 39 sendfile 40 sendto 44 recvfrom 45 sendmsg 46 recvmsg 47
            shutdown 48 getsockname 51 getpeername 52 getsockopt 55 execve 59 exit 60 wait4 61 kill 62 uname 63 flock 73
            fsync 74 fdatasync 75 truncate 76 ftruncate 77 getdents 78 getcwd 79 chdir 80 fchdir 81 rename 82 mkdir 83
            rmdir 84 creat 85 link 86 unlink 87 symlink 88 readlink 89 chmod 90 fchmod 91 umask 95 gettimeofday 96
            getrlimit 97 getrusage 98 sysinfo 99 times 100 getuid 102 getgid 104 geteuid 107 getegid 108 setpgid 109
            getppid 110 getpgrp 111 setsid 112 getgroups 115 getresuid 118 getresgid 120 getpgid 121 getsid 124 capget 125
            rt_sigpending 127 rt_sigtimedwait 128 rt_sigsuspend 130 sigaltstack 131 utime 132 statfs 137 fstatfs 138
            getpriority 140 sched_getparam 143 sched_getscheduler 145 sched_get_priority_max 146 sched_get_priority_min 147
            arch_prctl 158 setrlimit 160 gettid 186 time 201 futex 202 sched_getaffinity 204 epoll_create 213
            getdents64 217 set_tid_address 218 restart_syscall 219 fadvise64 221 timer_create 222 timer_settime 223
            timer_gettime 224 timer_getoverrun 225 timer_delete 226 clock_gettime 228 clock_getres 229 clock_nanosleep 230
            exit_group 231 epoll_wait 232 epoll_ctl 233 tgkill 234 utimes 235 waitid 247 openat 257 mkdirat 258
            futimesat 261 newfstatat 262 unlinkat 263 renameat 264 linkat 265 symlinkat 266 readlinkat 267 fchmodat 268
            faccessat 269 pselect6 270 ppoll 271 set_robust_list 273 get_robust_list 274 utimensat 280 epoll_pwait 281
            timerfd_create 283 eventfd 284 fallocate 285 timerfd_settime 286 timerfd_gettime 287 signalfd4 289 eventfd2 290
            epoll_create1 291 dup3 292 pipe2 293 preadv 295 pwritev 296 prlimit64 302 getcpu 309 renameat2 316
            getrandom 318 membarrier 324 copy_file_range 326 preadv2 327 pwritev2 328 statx 332 rseq 334 close_range 436
            faccessat2 439 epoll_pwait2 441
            """;

    private static final int IOCTL = 16;
    private static final int SOCKETPAIR = 53;
    private static final int CLONE = 56;
    private static final int FORK = 57;
    private static final int VFORK = 58;
    private static final int FCNTL = 72;
    private static final int PRCTL = 157;
    private static final int CLONE3 = 435;

    private static final int AF_UNIX = 1;
    private static final int F_SETPIPE_SZ = 1031;
    private static final int CLONE_THREAD = 0x00010000;

    /** All kinds of namespaces. */
    private static final int CLONE_NEW = 0x7e020000;

    /** TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: none of them puts anything into a terminal. */
    private static final int[] REQUESTS = {0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451};

    /** PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_VMA. */
    private static final int[] OPTIONS = {3, 15, 16, 21, 23, 39, 0x53564d41};

    private record Instruction(short code, int ifSo, int ifNot, int operand) {}

    private final List<Instruction> program = new ArrayList<>();

    private SyscallFilter() {}

    /**
     * Returns the program, as the kernel reads it.
     *
     * @param mayFork whether there may be further processes; threads there may be always
     */
    static byte[] program(boolean mayFork) {
        return new SyscallFilter().written(mayFork);
    }

    private byte[] written(boolean mayFork) {
        load(ARCHITECTURE);
        add(IF_EQUAL, 1, 0, AUDIT_ARCH_X86_64);
        end(KILL);
        load(NUMBER);
        add(IF_AT_LEAST, 0, 1, X32);
        end(ENOSYS);
        for (int number : allowed()) {
            add(IF_EQUAL, 0, 1, number);
            end(ALLOW);
        }
        if (mayFork) {
            allow(FORK);
            allow(VFORK);
        }
        judgeClone(mayFork);
        // Its arguments lie where the filter cannot look.
        add(IF_EQUAL, 0, 1, CLONE3);
        end(ENOSYS);
        allowOnly(IOCTL, 1, REQUESTS);
        allowOnly(PRCTL, 0, OPTIONS);
        allowOnly(SOCKETPAIR, 0, AF_UNIX);
        // Who talks to code relies on a pipe's room.
        add(IF_EQUAL, 0, 4, FCNTL);
        load(FIRST_ARGUMENT + 8);
        add(IF_EQUAL, 0, 1, F_SETPIPE_SZ);
        end(EPERM);
        end(ALLOW);
        add(IF_AT_LEAST, 0, 1, LAST_KNOWN + 1);
        end(ENOSYS);
        end(EPERM);
        return bytes();
    }

    private void judgeClone(boolean mayFork) {
        add(IF_EQUAL, 0, mayFork ? 4 : 5, CLONE);
        load(FIRST_ARGUMENT);
        add(IF_ANY_BIT, mayFork ? 0 : 1, mayFork ? 1 : 0, CLONE_NEW);
        if (!mayFork) {
            add(IF_ANY_BIT, 1, 0, CLONE_THREAD);
        }
        end(EPERM);
        end(ALLOW);
    }

    private void allow(int number) {
        add(IF_EQUAL, 0, 1, number);
        end(ALLOW);
    }

    /** Allows a call if an argument has one of some values: its lower half, which is all that the kernel looks at here. */
    private void allowOnly(int number, int argument, int... values) {
        add(IF_EQUAL, 0, 2 + 2 * values.length, number);
        load(FIRST_ARGUMENT + 8 * argument);
        for (int value : values) {
            allow(value);
        }
        end(EPERM);
    }

    private static int[] allowed() {
        String[] words = ALLOWED.strip().split("\\s+");
        int[] numbers = new int[words.length / 2];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Integer.parseInt(words[2 * i + 1]);
        }
        return numbers;
    }

    private void load(int offset) {
        add(LOAD, 0, 0, offset);
    }

    private void end(int verdict) {
        add(RETURN, 0, 0, verdict);
    }

    private void add(short code, int ifSo, int ifNot, int operand) {
        program.add(new Instruction(code, ifSo, ifNot, operand));
    }

    private byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(8 * program.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (Instruction it : program) {
            bytes.putShort(it.code())
                    .put((byte) it.ifSo())
                    .put((byte) it.ifNot())
                    .putInt(it.operand());
        }
        return bytes.array();
    }
}
