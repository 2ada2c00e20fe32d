package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

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

// run signs alice, or whom the name says, in and gives what was printed, and whether
// the program was content.
func (s sipe) run(ctx context.Context, name, password string, args ...string) ([]string, bool) {
	GinkgoHelper()
	at := s.lab.Endpoints()["sip"]
	args = append([]string{name + "@contoso.test", password, fmt.Sprintf("%s:%d", at.Host, at.Port), s.root}, args...)
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(s.program), "TMPDIR="+filepath.Dir(s.program))
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		Skip("pidgin-sipe is not installed")
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err == nil
}

var _ = Describe("pidgin-sipe", func() {
	focus := server.FocusURI("carol@contoso.test", "weekly")

	It("signs in with NTLM, takes every signature for right, and signs out", func(ctx context.Context) {
		l := open()
		said, content := withSIPE(l).run(ctx, "alice", l.Users()["alice@contoso.test"])
		Expect(said).To(HaveExactElements("signed-on", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("is told that its password is wrong", func(ctx context.Context) {
		said, content := withSIPE(open()).run(ctx, "alice", "wrong")
		Expect(said).To(ContainElement("error Authentication failed"))
		Expect(content).To(BeFalse())
	})

	It("does not take a certificate from elsewhere", func(ctx context.Context) {
		s := withSIPE(open())
		Expect(os.WriteFile(s.root, open().Root(), 0o600)).To(Succeed())
		said, content := s.run(ctx, "alice", "Passw0rd!")
		Expect(said).To(HaveExactElements(HavePrefix("question Accept certificate for sipdir.online.lync.com?"), HavePrefix("error "), "signed-off"))
		Expect(content).To(BeFalse())
	})

	It("finds a conference by its page", func(ctx context.Context) {
		l := open()
		said, content := withSIPE(l).run(ctx, "alice", "Passw0rd!", "meeting="+l.MeetingURL("bob@contoso.test", "weekly"), "say=hello")
		Expect(said).To(HaveExactElements("signed-on", "joined", "user sip:alice@contoso.test", "message sip:alice@contoso.test: hello", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("signs in where nobody is asked for a password", func(ctx context.Context) {
		l, err := lab.Open(lab.Config{Open: true})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		said, content := withSIPE(l).run(ctx, "alice", "whatever")
		Expect(said).To(HaveExactElements("signed-on", "signed-off"))
		Expect(content).To(BeTrue())
	})

	It("meets another one in a conference, and they hear each other", func(ctx context.Context) {
		s := withSIPE(open())
		heard := make(chan []string)
		go func() {
			defer GinkgoRecover()
			defer close(heard)
			said, _ := s.run(ctx, "bob", "Passw0rd!", "meeting="+focus, "wait", "say=bob was here", "hear=1")
			heard <- said
		}()
		said, content := s.run(ctx, "alice", "Passw0rd!", "meeting="+focus, "wait", "say=alice was here", "hear=1")
		Expect(content).To(BeTrue(), strings.Join(said, "\n"))
		Expect(said).To(ContainElements("signed-on", "joined", "user sip:bob@contoso.test", "message sip:bob@contoso.test: bob was here", "signed-off"))
		Expect(<-heard).To(ContainElements("joined", "user sip:alice@contoso.test", "message sip:alice@contoso.test: alice was here", "signed-off"))
	})
})
