package lab_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/lab"
)

// command is a program with its arguments; the spec is skipped where it is not
// installed.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	GinkgoHelper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(name + " is not installed")
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	return cmd
}

// tool runs a program to its end. What it said, on both outputs, is given.
func tool(ctx context.Context, name string, args ...string) (string, error) {
	GinkgoHelper()
	out, err := command(ctx, name, args...).CombinedOutput()
	return string(out), err
}

// rootFile writes the lab's root where programs can read it.
func rootFile(l *lab.Lab) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "root.pem")
	Expect(os.WriteFile(file, l.Root(), 0o600)).To(Succeed())
	return file
}

var _ = Describe("openssl s_client", func() {
	It("verifies every TLS server of the lab, and the leaf's CRL", func(ctx context.Context) {
		l := open()
		root := rootFile(l)
		for _, name := range []string{"sip", "sip443", "web", "meet", "turns"} {
			e := l.Endpoints()[name]
			said, err := tool(ctx, "openssl", "s_client", "-connect", fmt.Sprintf("%s:%d", e.Addr, e.Port), "-servername", e.Host,
				"-verify_hostname", e.Host, "-CAfile", root, "-verify_return_error", "-crl_check", "-crl_download", "-brief")
			Expect(err).NotTo(HaveOccurred(), said)
			Expect(said).To(ContainSubstring("Verification: OK"), name)
		}
	})

	It("finds no TLS at the A/V edge", func(ctx context.Context) {
		e := open().Endpoints()["edge"]
		said, err := tool(ctx, "openssl", "s_client", "-connect", fmt.Sprintf("%s:%d", e.Addr, e.Port), "-brief")
		Expect(err).To(HaveOccurred(), said)
		Expect(said).To(ContainSubstring("unexpected eof while reading"))
	})
})

var _ = Describe("coturn's turnutils_uclient", func() {
	// All at once, for each takes its time between one message and the next.
	It("relays through the TURN server over UDP, over TCP and inside TLS", func(ctx context.Context) {
		l := open()
		const messages = 5
		ways := []struct {
			endpoint string
			options  []string
		}{
			{"turn-udp", nil},
			{"turn", []string{"-t"}},
			{"turns", []string{"-t", "-S", "-E", rootFile(l)}},
			{"turns", []string{"-t", "-S", "-s"}}, // by Send indications
		}
		said := make([]string, len(ways))
		var all sync.WaitGroup
		for i, w := range ways {
			at := l.Endpoints()[w.endpoint]
			args := append(w.options, "-p", fmt.Sprint(at.Port), "-L", "127.0.0.1", "-y", "-c", "-n", fmt.Sprint(messages),
				"-u", "alice@contoso.test", "-w", l.Users()["alice@contoso.test"], at.Addr)
			cmd := command(ctx, "turnutils_uclient", args...)
			all.Go(func() {
				out, _ := cmd.CombinedOutput() // what it says decides
				said[i] = string(out)
			})
		}
		all.Wait()
		for _, s := range said {
			Expect(s).To(ContainSubstring("tot_send_msgs=%d, tot_recv_msgs=%[1]d\n", 2*messages)) // of two clients
			Expect(s).To(ContainSubstring("Total lost packets 0 "))
		}
	})
})
