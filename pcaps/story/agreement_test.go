package story_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/story"
)

// captures is where the public captures lie, with what Wireshark says of each.
const captures = "../../../shared/captures"

// truth is what truth.json says of a file, as far as it is held against us here.
type truth struct {
	Container struct {
		Records  int  `json:"records"`
		CutShort bool `json:"cut_short"`
	} `json:"container"`
	TCPStreams int `json:"tcp_streams"`
	TLS        []struct {
		Stream    *int    `json:"stream"`
		SNI       *string `json:"sni"`
		Version   *string `json:"version"`
		Certs     int     `json:"cert_count"`
		CDP       *bool   `json:"leaf_has_cdp"`
		OCSP      *bool   `json:"leaf_has_aia_ocsp"`
		Done      bool    `json:"handshake_complete"`
		Alerts    []story.Alert
		Sensitive bool `json:"pref_sensitive"`
	} `json:"tls"`
	SIP struct {
		Methods map[string]int `json:"methods"`
	} `json:"sip"`
	STUN struct {
		Total int `json:"total"`
	} `json:"stun"`
	OCSP struct {
		CertStatus map[string]int `json:"cert_status"`
	} `json:"ocsp"`
	// Decrypted is what Wireshark sees with the keys in the file.
	Decrypted *struct {
		TLS []struct {
			Stream int           `json:"stream"`
			Certs  int           `json:"cert_count"`
			Alerts []story.Alert `json:"alerts"`
		} `json:"tls"`
		HTTP struct {
			Counts map[string]int `json:"counts"`
		} `json:"http"`
	} `json:"decrypted"`
}

// known are the files in which we say otherwise than Wireshark 4.0, and why.
const (
	ourWay  = "our reader finds its way again after a loss or broken bytes, Wireshark's does not"
	notRead = "not read here"
)

func known(file string) string {
	return map[string]string{
		"mercury-corner-cases.pcap":                            "Wireshark reads ciphertext as a ServerHello",
		"mercury-encrypted_handshake_cert_false_positive.pcap": "Wireshark reads ciphertext as a ServerHello",
		"ndpi-443-opvn.pcap":                                   "TLS inside OpenVPN: " + notRead,
		"ndpi-openvpn_nohmac_tcp.pcapng":                       "TLS inside OpenVPN: " + notRead,
		"ndpi-6in4tunnel.pcap":                                 "TLS quoted by ICMP: " + notRead,
		"ndpi-stun.pcap":                                       "STUN quoted by ICMP: " + notRead,
		"ndpi-anyconnect-vpn.pcap":                             "an alert on port 5223, which Wireshark does not look for",
		"ndpi-fuzz-2006-06-26-2594.pcap":                       "a REGIStER to a pip: URI",
		"ndpi-tls_missing_ch_frag.pcap":                        ourWay,
		"ndpi-ultrasurf.pcap":                                  ourWay,
		"ndpi2021-skype_no_unknown.pcap":                       "two streams with one empty record each",
		"zeek-ssl-v2.pcap":                                     "Wireshark gives SSL 2.0 no version",
		"zeek-tls1.2-late-protocol-error.pcap":                 ourWay,
	}[file]
}

func read(file string) *story.Summary {
	f, err := os.Open(filepath.Join(captures, file))
	Expect(err).NotTo(HaveOccurred())
	defer f.Close()
	s, err := story.Read(f, story.Options{})
	Expect(err).NotTo(HaveOccurred())
	return s
}

// differences lists where a summary says otherwise than the truth.
func differences(s *story.Summary, t truth) []string {
	var out []string
	hold := func(what string, got, want any) {
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			out = append(out, fmt.Sprintf("%s: %s, Wireshark has %s", what, g, w))
		}
	}
	hold("packets", s.Packets, t.Container.Records)
	hold("damaged", s.Damage != "", t.Container.CutShort)
	hold("TCP streams", s.TCPStreams, t.TCPStreams)
	hold("SIP methods", s.SIP.Methods, t.SIP.Methods)
	hold("STUN messages", s.STUN.Total, t.STUN.Total)
	hold("OCSP", s.OCSP.CertStatus, t.OCSP.CertStatus)
	ours := map[int]*story.TLS{}
	for _, x := range s.TLS {
		ours[x.Stream] = x
	}
	for _, w := range t.TLS {
		if w.Stream == nil {
			continue
		}
		g := ours[*w.Stream]
		delete(ours, *w.Stream)
		if w.Sensitive {
			continue
		}
		if g == nil {
			out = append(out, fmt.Sprintf("TLS of stream %d: none", *w.Stream))
			continue
		}
		fact := func(sni, version *string, certs int, cdp, ocsp *bool, done bool, alerts []story.Alert) string {
			b, err := json.Marshal([]any{sni, version, certs, cdp, ocsp, done, alerts})
			Expect(err).NotTo(HaveOccurred())
			return string(b)
		}
		hold(fmt.Sprintf("TLS of stream %d", *w.Stream), fact(g.SNI, g.Version, g.CertCount, g.LeafHasCDP, g.LeafHasAIAOCSP, g.HandshakeDone, g.Alerts),
			fact(w.SNI, w.Version, w.Certs, w.CDP, w.OCSP, w.Done, w.Alerts))
	}
	if t.Decrypted != nil {
		hold("decrypted", s.Decrypted != nil, true)
		hold("decrypted HTTP", s.Decrypted.HTTP.Counts, t.Decrypted.HTTP.Counts)
		for i, w := range t.Decrypted.TLS {
			g := s.Decrypted.TLS[i]
			hold("decrypted TLS", []any{g.Stream, g.CertCount, len(g.Alerts)}, []any{w.Stream, w.Certs, len(w.Alerts)})
		}
	}
	for n := range ours {
		out = append(out, fmt.Sprintf("TLS of stream %d: Wireshark has none", n))
	}
	return out
}

var _ = Describe("The public captures", func() {
	It("tell what Wireshark tells of them", func() {
		text, err := os.ReadFile(filepath.Join(captures, "truth.json"))
		if err != nil {
			Skip("the captures are not beside the module")
		}
		var all map[string]truth
		Expect(json.Unmarshal(text, &all)).To(Succeed())
		for file, t := range all {
			diff := differences(read(file), t)
			if why := known(file); why != "" {
				Expect(diff).NotTo(BeEmpty(), "%s: the reason %q has gone", file, why)
				continue
			}
			Expect(diff).To(BeEmpty(), file)
		}
	})

	It("can be cut anywhere", func() {
		files, err := filepath.Glob(filepath.Join(captures, "*.pcap*"))
		Expect(err).NotTo(HaveOccurred())
		if len(files) == 0 {
			Skip("the captures are not beside the module")
		}
		for _, name := range files {
			file, err := os.ReadFile(name)
			Expect(err).NotTo(HaveOccurred())
			const most, cuts = 200 << 10, 16
			file = file[:min(len(file), most)]
			whole := packets(file)
			for i := range cuts {
				n := len(file) * i / cuts
				Expect(packets(file[:n])).To(BeNumerically("<=", whole), "%s cut at byte %d", name, n)
			}
		}
	})
})

// packets reads a part of a file and gives how many packets it has; -1 for one that
// is too short to be a capture.
func packets(file []byte) int {
	s, err := story.Read(bytes.NewReader(file), story.Options{})
	if err != nil {
		return -1
	}
	_, err = json.Marshal(s)
	Expect(err).NotTo(HaveOccurred())
	return s.Packets
}

// FuzzRead reads files that are like captures, whatever their packets hold.
func FuzzRead(f *testing.F) {
	for _, name := range []string{
		"arkime-https-connect.pcap", "zeek-ocsp-request-response.pcap", "ndpi-stun_tcp_multiple_msgs_same_pkt.pcap", "zeek-ssl-v2.pcap",
		"suricata-sip-tcp-method-sip-tcp.pcap", "wireshark-tls12-dsb.pcapng", "zeek-hrr.pcap", "mercury-sll2_tls.pcap", "zeek-websocket.pcap",
	} {
		if file, err := os.ReadFile(filepath.Join(captures, name)); err == nil {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := story.Read(bytes.NewReader(file), story.Options{})
		if err != nil {
			return
		}
		if err := json.NewEncoder(io.Discard).Encode(s); err != nil {
			t.Error(err)
		}
		if !slices.IsSortedFunc(s.TLS, func(a, b *story.TLS) int { return a.Stream - b.Stream }) {
			t.Error("TLS is not in order of streams")
		}
	})
}
