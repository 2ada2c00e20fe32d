package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// namespace is `namespace NAME`: a network namespace, which the variable NAME has the
// name of, until the script ends. It has a loopback device and, for programs that
// want an address beside it, 192.0.2.2.
func namespace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: namespace NAME")
	}
	name := fmt.Sprintf("rehearse-%d-%s-%s", os.Getpid(), ts.Name(), args[0])
	ts.Check(ts.Exec("ip", "netns", "add", name))
	ts.Defer(func() { exec.Command("ip", "netns", "delete", name).Run() })
	for _, line := range []string{
		"link set lo up", "link add d0 type veth peer name d1", "addr add 192.0.2.2/24 dev d0", "link set d0 up", "link set d1 up",
	} {
		ts.Check(ts.Exec("ip", append([]string{"-n", name}, strings.Fields(line)...)...))
	}
	ts.Setenv(args[0], name)
}

// hasNamespaces says whether network namespaces with a packet filter can be made
// here.
var hasNamespaces = sync.OnceValue(func() bool {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return false
	}
	name := fmt.Sprintf("rehearse-%d", os.Getpid())
	if exec.Command("ip", "netns", "add", name).Run() != nil {
		return false
	}
	defer exec.Command("ip", "netns", "delete", name).Run()
	rules := exec.Command("ip", "netns", "exec", name, "nft", "-f", "-")
	rules.Stdin = strings.NewReader("table ip rehearse { chain output { type nat hook output priority -100; }; }\n")
	_, err := exec.LookPath("setpriv")
	return rules.Run() == nil && err == nil
})

// between is `between NAME FILE BEFORE AFTER`: the variable NAME becomes what stands
// in a file, or stdout or stderr, between the first of two texts and the second.
func between(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: between NAME FILE BEFORE AFTER")
	}
	_, rest, found := strings.Cut(ts.ReadFile(args[1]), args[2])
	value, _, ended := strings.Cut(rest, args[3])
	if !found || !ended {
		ts.Fatalf("%s has nothing between %s and %s", args[1], args[2], args[3])
	}
	ts.Setenv(args[0], value)
}
