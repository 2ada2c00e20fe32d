package server

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// document fills a document's %s with texts, each escaped.
func document(format string, texts ...string) []byte {
	escaped := make([]any, len(texts))
	for i, t := range texts {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(t)) // a strings.Builder takes everything
		escaped[i] = b.String()
	}
	return fmt.Appendf(nil, xml.Header+format, escaped...)
}

// contacts is the user's contact list, [MS-SIP] 2.2.1. Its attribute ucsmode is
// that of servers from 2013 on, by which clients choose the newer dialect of ICE.
func (s *session) contacts(*sip.Request) []byte {
	mode := ` ucsmode="disabled"`
	if s.OldICE {
		mode = ""
	}
	return document(`<contactList xmlns="http://schemas.microsoft.com/2006/09/sip/rsl" deltaNum="1"` + mode + `>` +
		`<group id="1" name="~" externalURI=""/></contactList>`)
}

// mrasURI and factoryURI are the SIP addresses of services for a user.
func (f *frontEnd) mrasURI() string {
	return "sip:Mras." + f.Domain + "@" + f.Domain + ";gruu;opaque=srvr:MRAS:1"
}

func (f *frontEnd) factoryURI(user string) string {
	return "sip:" + user + ";gruu;opaque=app:conf:focusfactory"
}

// provisioning tells a client where the services are, [MS-SIPREGE] 2.2.2.5.
func (s *session) provisioning(*sip.Request) []byte {
	web := "https://" + s.authority("web", 443)
	return document(`<provisionGroupList xmlns="http://schemas.microsoft.com/2006/09/sip/provisiongrouplist-notification">`+
		`<provisionGroup name="ServerConfiguration">`+
		`<absInternalServerUrl>%s</absInternalServerUrl><absExternalServerUrl>%s</absExternalServerUrl>`+
		`<dlxInternalUrl>%s</dlxInternalUrl><dlxExternalUrl>%s</dlxExternalUrl>`+
		`<focusFactoryUri>%s</focusFactoryUri><mrasUri>%s</mrasUri>`+
		`<ucPC2PCAVEncryption>SupportEncryption</ucPC2PCAVEncryption><ucPortRangeEnabled>false</ucPortRangeEnabled>`+
		`</provisionGroup>`+
		`<provisionGroup name="meetingPolicy"><instance><property name="AllowIPAudio">true</property></instance></provisionGroup>`+
		`</provisionGroupList>`,
		web+"/abs/handler", web+"/abs/handler", web+"/groupexpansion/service.svc", web+"/groupexpansion/service.svc",
		s.factoryURI(s.user), s.mrasURI())
}

// roamingSelf is what the user published, [MS-PRES] 2.2.2: nothing.
func (s *session) roamingSelf(*sip.Request) []byte {
	return document(`<roamingData xmlns="http://schemas.microsoft.com/2006/09/sip/roaming-self">`+
		`<categories xmlns="http://schemas.microsoft.com/2006/09/sip/categories" uri="%s"/>`+
		`<containers xmlns="http://schemas.microsoft.com/2006/09/sip/containers"/>`+
		`<subscribers xmlns="http://schemas.microsoft.com/2006/09/sip/presence-subscribers"/></roamingData>`, "sip:"+s.user)
}

// presence is what others published: nothing.
func (s *session) presence(req *sip.Request) []byte {
	return document(`<categories xmlns="http://schemas.microsoft.com/2006/09/sip/categories" uri="%s"/>`, about(req))
}
