package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/gateway"
)

// contender is a proxy that is measured, in a process of its own on one core.
type contender struct {
	name string
	at   string
	pid  int
	// direct peers know their origin: clients send no CONNECT.
	direct bool
}

// startContender starts the test binary as a proxy, on one core where that can be
// asked for.
func startContender(b *testing.B, role string, args ...string) *contender {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	words := append([]string{self}, args...)
	if path, err := exec.LookPath("taskset"); err == nil {
		words = append([]string{path, "-c", "0"}, words...)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	at, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &contender{name: map[string]string{"floor": "floor", "gateway": "rehearse"}[role], at: strings.TrimSpace(at), pid: cmd.Process.Pid}
}

// peersVariable names other proxies to measure, that run already:
//
//	NAME=ADDR:PORT,PID       takes CONNECT
//	NAME=ADDR:PORT,PID,direct    goes to the origin by itself, see originVariable
//
// separated by blanks. What a process costs includes its children.
const peersVariable = "REHEARSE_PEERS"

func peers(b *testing.B) (all []*contender) {
	for _, text := range strings.Fields(os.Getenv(peersVariable)) {
		name, rest, _ := strings.Cut(text, "=")
		parts := strings.Split(rest, ",")
		if len(parts) < 2 {
			b.Fatalf("%s: %q, want NAME=ADDR:PORT,PID", peersVariable, text)
		}
		pid, err := strconv.Atoi(parts[1])
		if err != nil {
			b.Fatalf("%s: %q: %v", peersVariable, text, err)
		}
		all = append(all, &contender{name: name, at: parts[0], pid: pid, direct: len(parts) > 2})
	}
	return all
}

// playGateway is the gateway as it is measured: it decrypts everything by policy,
// verifies origins, and keeps no log. Its folder is an argument, and the file of the
// origin's root.
func playGateway(ctx context.Context, dir, root string) error {
	authority, _, err := gateway.OpenAuthority(filepath.Join(dir, "ca"), time.Now)
	if err != nil {
		return err
	}
	profiled, err := profile()
	if err != nil {
		return err
	}
	defer profiled()
	text, err := os.ReadFile(root)
	if err != nil {
		return err
	}
	r := &running{origin: &origin{root: authority}, authority: authority}
	conf := r.config(intercept)
	conf.Proxy.Roots = x509.NewCertPool()
	conf.Proxy.Roots.AppendCertsFromPEM(text)
	conf.Host = &proxy.OSHost{Label: "proxy"}
	conf.Proxy.AccessLog, conf.MaxConnections = nil, 20000
	conf.Proxy.Limits.Idle = 10 * time.Minute
	newest(&conf)
	conf.Listen = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	g, err := gateway.Open(ctx, conf)
	if err != nil {
		return err
	}
	fmt.Println(g.Addr())
	g.Serve(ctx)
	return nil
}

// usage is what a process and its children have used of processors, and hold in
// memory.
type usage struct {
	cpu      time.Duration
	resident int
}

func usageOf(pid int) (u usage) {
	for _, p := range descendants(pid) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(p) + "/stat")
		if err != nil {
			continue
		}
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		pages, _ := strconv.Atoi(f[21])
		u.cpu += time.Duration(user+system) * (time.Second / 100) // USER_HZ
		u.resident += pages * os.Getpagesize()
	}
	return u
}

// descendants are a process and its children, and theirs.
func descendants(pid int) []int {
	all := []int{pid}
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, t := range tasks {
		text, _ := os.ReadFile(t)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, descendants(child)...)
			}
		}
	}
	return all
}
