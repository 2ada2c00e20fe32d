package server_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// capture writes payloads as datagrams to a port that says what they are.
func capture(file string, port uint16, payloads [][]byte) {
	GinkgoHelper()
	f, err := os.Create(file)
	Expect(err).NotTo(HaveOccurred())
	defer f.Close()
	w := pcapgo.NewWriter(f)
	Expect(w.WriteFileHeader(1<<17, layers.LinkTypeRaw)).To(Succeed())
	for i, p := range payloads {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4(10, 1, 0, 11), DstIP: net.IPv4(52, 112, 0, 10)}
		udp := &layers.UDP{SrcPort: layers.UDPPort(port), DstPort: layers.UDPPort(port)}
		Expect(udp.SetNetworkLayerForChecksum(ip)).To(Succeed())
		buf := gopacket.NewSerializeBuffer()
		Expect(gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, udp, gopacket.Payload(p))).To(Succeed())
		at := time.Unix(946684800+int64(i), 0)
		Expect(w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(buf.Bytes()), Length: len(buf.Bytes())}, buf.Bytes())).To(Succeed())
	}
}

// dissect gives tshark's fields, a line a packet.
func dissect(file string, fields ...string) []string {
	GinkgoHelper()
	args := []string{"-n", "-r", file, "-T", "fields", "-E", "separator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var out, problems bytes.Buffer
	cmd := exec.Command("tshark", args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	Expect(cmd.Run()).To(Succeed(), problems.String())
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

var _ = Describe("tshark", func() {
	BeforeEach(func() {
		if _, err := exec.LookPath("tshark"); err != nil {
			Skip("tshark is not installed")
		}
	})

	It("reads every SIP message of a sign-in and a call", func() {
		var messages [][]byte
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.ask(200, p.subscribe("vnd-microsoft-provisioning-v2", "sip:alice@contoso.test", "c2", "<provisioningGroupList/>"))
			p.relayCredentials()
			p.join()
			p.call(offer("UDP 2130706431 10.1.0.11 50000 typ host "))
			for _, m := range p.read {
				messages = append(messages, []byte(m))
			}
		})
		file := filepath.Join(GinkgoT().TempDir(), "sip.pcap")
		capture(file, 5060, messages)
		Expect(dissect(file, "sip.Status-Code", "sip.CSeq.method", "_ws.malformed", "sdp.media.media", "xml.tag")).To(HaveExactElements(
			"401|REGISTER|||", "401|REGISTER|||", "200|REGISTER|||",
			"200|SUBSCRIBE|||", "200|SERVICE|||", "200|INVITE|||",
			HavePrefix("200|SUBSCRIBE|||<conference-info "), // the one type of XML that it knows
			"200|INVITE||audio|",
		))
	})

	It("reads every MS-TURN message", func() {
		var messages [][]byte
		onStage(func(s *stage) {
			c := s.relayClient("edge-udp")
			c.send(c.message(0x0003, unhex(version1)))
			_, a, raw := c.receive()
			c.nonce, c.realm = a[0x14], a[0x15]
			messages = append(messages, raw)
			c.send(c.signed(c.message(0x0003, unhex(version1), c.credentials())))
			_, _, raw = c.receive()
			messages = append(messages, raw)
		})
		file := filepath.Join(GinkgoT().TempDir(), "msturn.pcap")
		capture(file, 3478, messages)
		for i, got := range dissect(file, "classicstun.type", "classicstun.att.type", "classicstun.att.magic.cookie") {
			kind, rest, _ := strings.Cut(got, "|")
			Expect(kind).To(Equal([]string{"0x0113", "0x0103"}[i]))
			types, cookie, _ := strings.Cut(rest, "|")
			Expect(cookie).To(HavePrefix("0x72c64bc6"))
			Expect(strings.Count(types, ",")).To(BeNumerically(">", 3), fmt.Sprint(types))
		}
	})
})
