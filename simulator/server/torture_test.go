package server_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/server"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

// withoutPasswords runs f with an estate that asks nobody for credentials.
func withoutPasswords(f func(s *stage)) {
	GinkgoHelper()
	worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
		s := newStage(w, func(c *server.Config) { c.Open = true })
		defer s.Close()
		f(s)
	})
}

// heard is what came back within a second: statuses and requests, and at the end
// "closed" if the connection was.
func heard(p *phone) string {
	GinkgoHelper()
	var all []string
	Expect(p.conn.SetReadDeadline(time.Now().Add(time.Second))).To(Succeed())
	for {
		text, err := p.next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return strings.Join(all, " ")
		case errors.Is(err, io.EOF):
			return strings.Join(append(all, "closed"), " ")
		}
		Expect(err).NotTo(HaveOccurred())
		m, err := sip.ParseMessage([]byte(text))
		Expect(err).NotTo(HaveOccurred(), text)
		if res, ok := m.(*sip.Response); ok {
			all = append(all, fmt.Sprint(res.StatusCode))
		} else {
			all = append(all, "request")
		}
	}
}

// torture are the messages of RFC 4475, and what a front end does with each at which
// alice has registered: example.com is not its domain. Line ends inside a request
// line, and what cannot be framed, end the connection; over a stream nothing else is
// safe (3.1.2.3). The body of dblreq is a byte longer than it says.
func torture() [][2]string {
	const (
		dropped  = "" // a response nobody asked for, or a message that has not ended
		hungUpOn = "closed"
	)
	return [][2]string{
		// 3.1.1 Valid messages.
		{"wsinv", "504"}, {"intmeth", "405"}, {"esc01", "504"}, {"escnull", "404"}, {"esc02", "405"}, {"lwsdisp", "200"}, {"longreq", "504"},
		{"dblreq", "404 504 closed"}, {"semiuri", "200"}, {"transports", "200"}, {"mpart01", "504"}, {"unreason", dropped}, {"noreason", dropped},
		// 3.1.2 Invalid messages.
		{"badinv01", hungUpOn}, {"clerr", dropped}, {"ncl", hungUpOn}, {"scalar02", hungUpOn}, {"scalarlg", hungUpOn}, {"quotbal", "400"}, {"ltgtruri", hungUpOn},
		{"lwsruri", hungUpOn}, {"lwsstart", hungUpOn}, {"trws", hungUpOn}, {"escruri", "504"}, {"baddate", "504"}, {"regbadct", "404"}, {"badaspec", "400"},
		{"baddn", "200"}, {"badvers", "505"}, {"mismatch01", "400"}, {"mismatch02", "400"}, {"bigcode", hungUpOn},
		// 3.2 Transaction layer, 3.3 application layer, 3.4 backward compatibility.
		{"badbranch", "200"}, {"insuf", "400"}, {"unkscm", "416"}, {"novelsc", hungUpOn}, {"unksm2", "404"}, {"bext01", "420"}, {"invut", "504"},
		{"regaut01", "404"}, {"multi01", "400"}, {"mcl01", "400 closed"}, {"bcast", dropped}, {"zeromf", "200"}, {"cparam01", "404"}, {"cparam02", "404"},
		{"regescrt", "404"}, {"sdp01", "504"}, {"inv2543", hungUpOn},
		// In the archive only.
		{"test", hungUpOn},
	}
}

var _ = Describe("the torture messages of RFC 4475", func() {
	It("are all here", func() {
		files, err := filepath.Glob(filepath.Join("testdata", "rfc4475", "*.dat"))
		Expect(err).NotTo(HaveOccurred())
		Expect(files).To(HaveLen(len(torture())))
	})

	for _, t := range torture() {
		name, want := t[0], t[1]
		It("do the front end no harm: "+name, func() {
			message, err := os.ReadFile(filepath.Join("testdata", "rfc4475", name+".dat"))
			Expect(err).NotTo(HaveOccurred())
			withoutPasswords(func(s *stage) {
				p := newPhone(s.dialTLS(s.Endpoints()["sip"]), "alice@contoso.test", "")
				p.ask(200, p.register())
				p.write(string(message))
				Expect(heard(p)).To(Equal(want))

				p = newPhone(s.dialTLS(s.Endpoints()["sip"]), "bob@contoso.test", "")
				p.ask(200, p.register())
			})
		})
	}
})
