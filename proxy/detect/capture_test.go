package detect_test

import (
	"encoding/json"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/detect"
	"rehearse/proxy/wiretest"
)

const captures = "../../../shared/captures"

var _ = Describe("first bytes in real captures", func() {
	It("are SSL where tshark saw a ClientHello first", func() {
		text, err := os.ReadFile(filepath.Join(captures, "truth.json"))
		if err != nil {
			Skip("the captures are not beside the module: " + err.Error())
		}
		var files map[string]struct {
			TLS []struct {
				Client, Server string
				Messages       []string
				PseudoSSL      bool `json:"pseudo_ssl"`
			}
		}
		Expect(json.Unmarshal(text, &files)).To(Succeed())
		seen := 0
		for name, f := range files {
			packets, err := wiretest.Packets(filepath.Join(captures, name))
			if err != nil {
				continue // a link type or block that gopacket does not know
			}
			streams := wiretest.Streams(packets)
			for _, c := range f.TLS {
				up := streams[wiretest.Direction{From: c.Client, To: c.Server}]
				if len(up) < 11 || c.PseudoSSL || len(c.Messages) == 0 || c.Messages[0] != "C:client_hello" || notFirst(up) {
					continue
				}
				Expect(classified(detect.Outer(), up[:min(len(up), 64)])).To(BeElementOf("0 maybe, 6 yes ssl", "0 maybe, 11 yes ssl"), name+" "+c.Client)
				seen++
			}
		}
		Expect(seen).To(BeNumerically(">=", 370))
	})

	It("are SIP in a capture of SIP over TCP", func() {
		packets, err := wiretest.Packets(filepath.Join(captures, "suricata-sip-tcp-method-sip-tcp.pcap"))
		if err != nil {
			Skip("the captures are not beside the module: " + err.Error())
		}
		streams := wiretest.Streams(packets)
		Expect(streams).NotTo(BeEmpty())
		for d, stream := range streams {
			if len(stream) > 0 {
				Expect(classified(detect.Inner(), stream)).To(HaveSuffix(" yes sips"), d.From)
			}
		}
	})
})

// notFirst says that something else goes before TLS: a proxy's protocol, STARTTLS,
// OpenVPN.
func notFirst(up []byte) bool { return up[0] != 0x16 && up[0]&0x80 == 0 }
