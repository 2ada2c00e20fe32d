package tlshello_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/tlshello"
	"rehearse/proxy/wiretest"
)

const captures = "../../../../shared/captures"

// dissected is what tshark says of one TLS connection.
type dissected struct {
	Stream       *int
	Client       string
	Server       string
	SNI          *string
	ALPN         []string
	Offered      string `json:"offered_version"`
	Version      string
	Cipher       string
	CertCount    int      `json:"cert_count"`
	ClientHellos int      `json:"client_hellos"`
	Messages     []string `json:"messages"`
	PseudoSSL    bool     `json:"pseudo_ssl"`
	Sensitive    bool     `json:"pref_sensitive"`
	Alerts       []struct {
		Dir  string
		Desc *int
	}
}

// truth gives the connections by capture; those that share their ports with
// another are left out.
func truth() map[string][]dissected {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(captures, "truth.json"))
	if err != nil {
		Skip("the captures are not beside the module: " + err.Error())
	}
	var files map[string]struct{ TLS []dissected }
	Expect(json.Unmarshal(text, &files)).To(Succeed())
	out := map[string][]dissected{}
	for name, f := range files {
		seen := map[string]int{}
		for _, c := range f.TLS {
			seen[c.Client+c.Server]++
		}
		for _, c := range f.TLS {
			if c.Stream != nil && seen[c.Client+c.Server] == 1 && !c.PseudoSSL && !c.Sensitive {
				out[name] = append(out[name], c)
			}
		}
	}
	return out
}

var _ = Describe("hellos in real captures", func() {
	It("read as tshark reads them", func() {
		clients, servers, chains, alerts := 0, 0, 0, 0
		for name, connections := range truth() {
			packets, err := wiretest.Packets(filepath.Join(captures, name))
			if err != nil {
				continue // a link type or block that gopacket does not know
			}
			streams := wiretest.Streams(packets)
			for _, c := range connections {
				where := fmt.Sprintf("%s, stream %d", name, *c.Stream)
				up, down := streams[wiretest.Direction{From: c.Client, To: c.Server}], streams[wiretest.Direction{From: c.Server, To: c.Client}]
				if h, err := tlshello.ParseClientHello(up); err == nil {
					clients++
					compareClient(where, h, c)
				}
				if h, err := tlshello.ParseServerHello(down); err == nil && c.Version != "" {
					servers++
					compareServer(where, h, c)
				}
				messages, _ := tlshello.Messages(down)
				chains += compareChain(where, messages, c)
				alerts += compareAlerts(where, messages, c)
			}
		}
		// What there is to compare; the others begin with something else, or lack
		// their first bytes.
		Expect([]int{clients, servers, chains, alerts}).To(HaveExactElements(
			BeNumerically(">=", 367), BeNumerically(">=", 365), BeNumerically(">=", 219), BeNumerically(">=", 6)))
	})
})

func compareClient(where string, h *tlshello.ClientHello, c dissected) {
	GinkgoHelper()
	sni := ""
	if c.SNI != nil {
		sni = *c.SNI
	}
	Expect(h.ServerName).To(Equal(sni), where)
	Expect(strings.Join(h.ALPN, " ")).To(Equal(strings.Join(c.ALPN, " ")), where)
	Expect(tlshello.VersionName(best(h))).To(HavePrefix(spelled(c.Offered)), where)
}

// best is the newest version offered, but for GREASE and drafts so early that
// tshark does not count them.
func best(h *tlshello.ClientHello) (v uint16) {
	for _, offered := range h.Versions {
		if early := offered >= 0x7f00 && offered < 0x7f12; !early && !tlshello.IsGREASE(offered) {
			v = max(v, offered)
		}
	}
	return v
}

// spelled turns tshark's name of a version into ours.
func spelled(v string) string {
	switch {
	case strings.HasPrefix(v, "TLS1"):
		return "TLS " + strings.TrimPrefix(v, "TLS")
	case strings.HasPrefix(v, "0x"):
		return "TLS 1.3 draft"
	}
	return strings.ToUpper(v[:3]) + v[3:]
}

func compareServer(where string, h *tlshello.ServerHello, c dissected) {
	GinkgoHelper()
	Expect(tlshello.VersionName(h.Version)).To(HavePrefix(spelled(c.Version)), where)
	Expect(fmt.Sprintf("0x%04x", h.CipherSuite)).To(Equal(c.Cipher), where)
}

// compareChain counts the certificates in clear.
func compareChain(where string, messages []tlshello.Message, c dissected) (compared int) {
	GinkgoHelper()
	count := 0
	for _, m := range messages {
		if m.Type == tlshello.TypeCertificate {
			chain, err := m.Certificates()
			if err != nil {
				return 0 // broken on purpose
			}
			count += len(chain)
		}
	}
	if count == 0 {
		return 0
	}
	Expect(count).To(Equal(c.CertCount), where)
	return 1
}

// compareAlerts holds the alerts a server sent in clear to tshark's.
func compareAlerts(where string, messages []tlshello.Message, c dissected) (compared int) {
	GinkgoHelper()
	var theirs []int
	for _, a := range c.Alerts {
		if a.Dir == "s2c" && a.Desc != nil {
			theirs = append(theirs, *a.Desc)
		}
	}
	for _, m := range messages {
		if a, err := m.Alert(); err == nil {
			Expect(theirs).To(ContainElement(int(a.Code)), where)
			compared++
		}
	}
	return compared
}
