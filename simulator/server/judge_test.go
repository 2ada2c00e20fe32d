package server_test

import (
	"crypto/tls"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// build compiles a C program of testdata against a library, or skips where there
// is no compiler or library.
func build(source, library string) (program string) {
	GinkgoHelper()
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", library).Output()
	if err != nil {
		Skip(library + "'s development files are not installed")
	}
	if _, err := exec.LookPath("cc"); err != nil {
		Skip("no C compiler is installed")
	}
	program = filepath.Join(GinkgoT().TempDir(), "judge")
	out, err := exec.Command("cc", append([]string{"-o", program, filepath.Join("testdata", source)}, strings.Fields(string(flags))...)...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return program
}

var _ = Describe("libnice", func() {
	It("gathers relay candidates over pseudo-TLS from the A/V edge", func() {
		program := build("nice.c", "nice")
		w := world.NewLoopback(world.Config{})
		defer w.Close()
		outside := func(network string, at netip.AddrPort) netip.AddrPort {
			real, _ := w.Socket(network, at)
			return real
		}
		s := newStage(w, func(c *server.Config) { c.Outside = outside })
		defer s.Close()
		sip := s.Endpoints()["sip"]
		conn, err := tls.Dial("tcp", netip.AddrPortFrom(sip.Addr, sip.Port).String(), s.trust(sip.Host))
		Expect(err).NotTo(HaveOccurred())
		p := newPhone(conn, "alice@contoso.test", "secret")
		p.signIn()
		body := string(p.credentials().Body())
		edge := s.Endpoints()["edge"]
		cmd := exec.Command(program, edge.Addr.String(), strconv.Itoa(int(edge.Port)), element(body, "username"), element(body, "password"))
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		relays := regexp.MustCompile(`(?m)^relay `+regexp.QuoteMeta(edge.Addr.String())+` \d+$`).FindAllString(string(out), -1)
		Expect(relays).NotTo(BeEmpty(), string(out))
	})
})
