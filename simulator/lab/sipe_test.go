package lab_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"rehearse/simulator/lab"
	"rehearse/simulator/server"
)

// sipe is pidgin-sipe without a screen, ready to sign in at a lab.
type sipe struct {
	lab           *lab.Lab
	program, root string
}

// withSIPE builds the program of testdata, or skips where a part of it is missing.
func withSIPE(l *lab.Lab) sipe {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	s := sipe{lab: l, program: filepath.Join(dir, "sipe"), root: filepath.Join(dir, "root.pem")}
	libraries := []string{"purple", "gmodule-2.0", "libxml-2.0"}
	flags, err := exec.Command("pkg-config", append([]string{"--cflags", "--libs"}, libraries...)...).Output()
	if err != nil {
		Skip("libpurple's development files are not installed")
	}
	if _, err := exec.LookPath("cc"); err != nil {
		Skip("no C compiler is installed")
	}
	args := append([]string{"-rdynamic", "-o", s.program, filepath.Join("testdata", "sipe.c")}, strings.Fields(string(flags))...)
	out, err := exec.Command("cc", append(args, "-ldl")...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	Expect(os.WriteFile(s.root, l.Root(), 0o600)).To(Succeed())
	return s
}

// start signs alice, or whom the name says, in.
func (s sipe) start(ctx context.Context, name, password string, args ...string) *gexec.Session {
	GinkgoHelper()
	at := s.lab.Endpoints()["sip"]
	return s.startAt(ctx, fmt.Sprintf("%s:%d", at.Host, at.Port), name, password, args...)
}

// startAt has the server as the program takes it.
func (s sipe) startAt(ctx context.Context, server, name, password string, args ...string) *gexec.Session {
	GinkgoHelper()
	args = append([]string{name + "@contoso.test", password, server, s.root}, args...)
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(s.program), "TMPDIR="+filepath.Dir(s.program))
	running, err := gexec.Start(cmd, nil, nil)
	Expect(err).NotTo(HaveOccurred())
	return running
}

// said waits for the end and gives what was printed, and whether the program was
// content.
func said(running *gexec.Session) ([]string, bool) {
	GinkgoHelper()
	Eventually(running).WithTimeout(time.Minute).Should(gexec.Exit())
	if running.ExitCode() == 3 {
		Skip("pidgin-sipe is not installed")
	}
	return strings.Split(strings.TrimSpace(string(running.Out.Contents())), "\n"), running.ExitCode() == 0
}

func (s sipe) run(ctx context.Context, name, password string, args ...string) ([]string, bool) {
	GinkgoHelper()
	return said(s.start(ctx, name, password, args...))
}

var _ = Describe("pidgin-sipe", func() {
	focus := server.FocusURI("carol@contoso.test", "weekly")

	It("signs in with NTLM, takes every signature for right, and signs out", func(ctx context.Context) {
		l := open()
		lines, content := withSIPE(l).run(ctx, "alice", l.Users()["alice@contoso.test"])
		Expect(lines).To(HaveExactElements("signed-on", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("finds its server by autodiscovery, with a web ticket, where the ports are the usual ones", func(ctx context.Context) {
		l, err := lab.Open(lab.Config{Ports: lab.Fixed})
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL) {
			Skip("the usual ports cannot be had here: " + err.Error())
		}
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		var names []string
		for _, name := range []string{"lyncdiscover.contoso.test", "webdir.online.lync.com", "sipdir.online.lync.com"} {
			addrs, err := machine(l).Resolve(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			names = append(names, name+"="+addrs[0].String())
		}
		lines, content := said(withSIPE(l).startAt(ctx, "-", "alice", "Passw0rd!", "names="+strings.Join(names, ",")))
		Expect(lines).To(HaveExactElements("signed-on", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("signs in with a certificate that it got for its password: web ticket, provisioning, TLS-DSK", func(ctx context.Context) {
		lines, content := withSIPE(open()).run(ctx, "alice", "Passw0rd!", "auth=tls-dsk", "meeting="+focus, "say=hello")
		Expect(lines).To(HaveExactElements("signed-on", "joined", "user sip:alice@contoso.test", "message sip:alice@contoso.test: hello", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("is told that its password is wrong", func(ctx context.Context) {
		lines, content := withSIPE(open()).run(ctx, "alice", "wrong")
		Expect(lines).To(ContainElement("error Authentication failed"))
		Expect(content).To(BeFalse())
	})

	It("does not take a certificate from elsewhere", func(ctx context.Context) {
		s := withSIPE(open())
		Expect(os.WriteFile(s.root, open().Root(), 0o600)).To(Succeed())
		lines, content := s.run(ctx, "alice", "Passw0rd!")
		Expect(lines).To(HaveExactElements(HavePrefix("question Accept certificate for sipdir.online.lync.com?"), HavePrefix("error "), "signed-off"))
		Expect(content).To(BeFalse())
	})

	It("finds a conference by its page", func(ctx context.Context) {
		l := open()
		lines, content := withSIPE(l).run(ctx, "alice", "Passw0rd!", "meeting="+l.MeetingURL("bob@contoso.test", "weekly"), "say=hello")
		Expect(lines).To(HaveExactElements("signed-on", "joined", "user sip:alice@contoso.test", "message sip:alice@contoso.test: hello", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("signs in where nobody is asked for a password", func(ctx context.Context) {
		l, err := lab.Open(lab.Config{Open: true})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		lines, content := withSIPE(l).run(ctx, "alice", "whatever")
		Expect(lines).To(HaveExactElements("signed-on", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("meets another one in a conference, and they hear each other", func(ctx context.Context) {
		s := withSIPE(open())
		bob := s.start(ctx, "bob", "Passw0rd!", "meeting="+focus, "wait", "say=bob was here", "hear=1")
		lines, content := s.run(ctx, "alice", "Passw0rd!", "meeting="+focus, "wait", "say=alice was here", "hear=1")
		Expect(content).To(BeTrue(), strings.Join(lines, "\n"))
		Expect(lines).To(ContainElements("signed-on", "joined", "user sip:bob@contoso.test", "message sip:bob@contoso.test: bob was here", "signed-off"))
		lines, content = said(bob)
		Expect(content).To(BeTrue(), strings.Join(lines, "\n"))
		Expect(lines).To(ContainElements("joined", "user sip:alice@contoso.test", "message sip:alice@contoso.test: alice was here", "signed-off"))
	})

	It("writes to another one, who writes back", func(ctx context.Context) {
		s := withSIPE(open())
		bob := s.start(ctx, "bob", "Passw0rd!", "answer", "say=hello alice", "hear=1")
		Eventually(bob).WithTimeout(time.Minute).Should(Or(gbytes.Say("signed-on"), gexec.Exit()))
		lines, content := s.run(ctx, "alice", "Passw0rd!", "to=sip:bob@contoso.test", "say=hello bob", "hear=1")
		Expect(lines).To(HaveExactElements("signed-on", "message sip:bob@contoso.test: hello alice", "signed-off"))
		Expect(content).To(BeTrue())
		lines, content = said(bob)
		Expect(lines).To(HaveExactElements("signed-on", "message sip:alice@contoso.test: hello bob", "signed-off"))
		Expect(content).To(BeTrue())
	})
})
