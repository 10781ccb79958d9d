/**
 * Instructions that nasm knows and the machine has not, so that a source that uses one is told so,
 * instead of getting a label of that name.
 */

import { refusalHint } from '../isa/forms.ts';

const GROUPS: readonly (readonly [reason: string, names: string])[] = [
  [
    'no floating-point unit',
    `
f2xm1 fabs fadd faddp fbld fbstp fchs fclex fcmovb fcmovbe fcmove fcmovnb fcmovnbe fcmovne
fcmovnu fcmovu fcom fcomi fcomip fcomp fcompp fcos fdecstp fdisi fdiv fdivp fdivr fdivrp feni
ffree ffreep fiadd ficom ficomp fidiv fidivr fild fimul fincstp finit fist fistp fisttp fisub
fisubr fld fld1 fldcw fldenv fldl2e fldl2t fldlg2 fldln2 fldpi fldz fmul fmulp fnclex fndisi
fneni fninit fnop fnsave fnstcw fnstenv fnstsw fpatan fprem fprem1 fptan frndint frstor fsave
fscale fsetpm fsin fsincos fsqrt fst fstcw fstenv fstp fstsw fsub fsubp fsubr fsubrp ftst fucom
fucomi fucomip fucomp fucompp fwait fxam fxch fxrstor fxrstor64 fxsave fxsave64 fxtract fyl2x
fyl2xp1`,
  ],
  [
    '64-bit mode',
    `
cdqe clui cmpsq cmpxchg16b cqo endbr64 iretq jrcxz lodsq movsq movsxd popfq pushfq scasq
senduipi stosq stui swapgs syscall sysret testui uiret xrstor64 xrstors64 xsave64 xsavec64
xsaveopt64 xsaves64`,
  ],
  [
    'not in a 486',
    `
aadd aand adcx adox andn arpl axor bb0_reset bb1_reset bextr blcfill blci blcic blcmsk blcs
blsfill blsi blsic blsmsk blsr bndcl bndcn bndcu bndldx bndmk bndmov bndstx bzhi clac cldemote
clflush clflushopt clgi clrssbsy clwb clzero cmpbexadd cmpbxadd cmplexadd cmplxadd cmpnbexadd
cmpnbxadd cmpnlexadd cmpnlxadd cmpnoxadd cmpnpxadd cmpnsxadd cmpnzxadd cmpoxadd cmppxadd
cmpsxadd cmpzxadd cpu_read cpu_write crc32 cvtpd2pi cvtpi2pd cvtpi2ps cvtps2pi cvttpd2pi
cvttps2pi dmint dq emms encls enclu enclv enqcmd enqcmds extrq femms getsec hreset ibts incsspd
incsspq insertq invept invlpga invpcid invvpid jmpe kaddb kaddd kaddq kaddw kand kandb kandd
kandn kandnb kandnd kandnq kandnw kandq kandw kmov kmovb kmovd kmovq kmovw knot knotb knotd
knotq knotw kor korb kord korq kortest kortestb kortestd kortestq kortestw korw kshiftlb
kshiftld kshiftlq kshiftlw kshiftrb kshiftrd kshiftrq kshiftrw ktestb ktestd ktestq ktestw
kunpckbw kunpckdq kunpckwd kxnor kxnorb kxnord kxnorq kxnorw kxor kxorb kxord kxorq kxorw lar
ldtilecfg lfence llwpcb loadall lsl lwpins lwpval lzcnt maskmovq mfence monitor monitorx montmul
movbe movdir64b movdiri movdq2q movnti movntq movntsd movntss movq2dq mulx mwait mwaitx paddsiw
paveb pavgusb pcommit pconfig pdep pdistib pext pf2id pf2iw pfacc pfadd pfcmpeq pfcmpge pfcmpgt
pfmax pfmin pfmul pfnacc pfpnacc pfrcp pfrcpit1 pfrcpit2 pfrcpv pfrsqit1 pfrsqrt pfrsqrtv pfsub
pfsubr pi2fd pi2fw pmachriw pmagw pmulhriw pmvgezb pmvlzb pmvnzb pmvzb popcnt prefetch
prefetchit0 prefetchit1 prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetchw prefetchwt1
pshufw psubsiw pswapd ptwrite pvalidate rdfsbase rdgsbase rdm rdmsr rdmsrlist rdpid rdpkru rdpmc
rdseed rdshr rdsspd rdsspq rdtscp rmpadjust rorx rsdc rsldt rsm rstorssp rsts sarx saveprevssp
serialize setssbsy sfence sha1msg1 sha1msg2 sha1nexte sha1rnds4 sha256msg1 sha256msg2
sha256rnds2 shlx shrx skinit slwpcb smint stac stgi sttilecfg svdc svldt svts sysenter sysexit
t1mskc tdpbf16ps tdpbssd tdpbsud tdpbusd tdpbuud tileloadd tileloaddt1 tilerelease tilestored
tilezero tpause tzcnt tzmsk umonitor umov umwait verr verw vmcall vmclear vmfunc vmlaunch vmload
vmmcall vmptrld vmptrst vmread vmresume vmrun vmsave vmwrite vmxoff vmxon wbnoinvd wrfsbase
wrgsbase wrmsr wrmsrlist wrmsrns wrpkru wrshr wrssd wrssq wrussd wrussq xabort xbegin xbts
xcryptcbc xcryptcfb xcryptctr xcryptecb xcryptofb xend xgetbv xresldtrk xrstor xrstors xsave
xsavec xsaveopt xsaves xsetbv xsha1 xsha256 xstore xsusldtrk xtest`,
  ],
  [
    'AVX',
    `
v4fmaddps v4fmaddss v4fnmaddps v4fnmaddss vaddph vaddsh valignd valignq vbcstnesh2ps vblendmpd
vblendmps vbroadcastf128 vbroadcastf32x2 vbroadcastf32x4 vbroadcastf32x8 vbroadcastf64x2
vbroadcastf64x4 vbroadcasti128 vbroadcasti32x2 vbroadcasti32x4 vbroadcasti32x8 vbroadcasti64x2
vbroadcasti64x4 vbroadcastsd vbroadcastss vcmpph vcmpsd vcmpsh vcomish vcompresspd vcompressps
vcvtdq2ph vcvtne2ps2bf16 vcvtneebf162ps vcvtneeph2ps vcvtneobf162ps vcvtneoph2ps vcvtneps2bf16
vcvtpd2ph vcvtpd2qq vcvtpd2udq vcvtpd2uqq vcvtph2dq vcvtph2pd vcvtph2ps vcvtph2psx vcvtph2qq
vcvtph2udq vcvtph2uqq vcvtph2uw vcvtph2w vcvtps2ph vcvtps2qq vcvtps2udq vcvtps2uqq vcvtqq2pd
vcvtqq2ph vcvtqq2ps vcvtsd2sh vcvtsd2usi vcvtsh2sd vcvtsh2si vcvtsh2ss vcvtsh2usi vcvtsi2sh
vcvtss2sh vcvtss2usi vcvttpd2qq vcvttpd2udq vcvttpd2uqq vcvttph2dq vcvttph2qq vcvttph2udq
vcvttph2uqq vcvttph2uw vcvttph2w vcvttps2qq vcvttps2udq vcvttps2uqq vcvttsd2usi vcvttsh2si
vcvttsh2usi vcvttss2usi vcvtudq2pd vcvtudq2ph vcvtudq2ps vcvtuqq2pd vcvtuqq2ph vcvtuqq2ps
vcvtusi2sd vcvtusi2sh vcvtusi2ss vcvtuw2ph vcvtw2ph vdbpsadbw vdivph vdivsh vdpbf16ps vexp2pd
vexp2ps vexpandpd vexpandps vextractf128 vextractf32x4 vextractf32x8 vextractf64x2 vextractf64x4
vextracti128 vextracti32x4 vextracti32x8 vextracti64x2 vextracti64x4 vfcmaddcph vfcmaddcsh
vfcmulcsh vfixupimmpd vfixupimmps vfixupimmsd vfixupimmss vfmadd132pd vfmadd132ph vfmadd132ps
vfmadd132sd vfmadd132ss vfmadd213pd vfmadd213ph vfmadd213ps vfmadd213sd vfmadd213ss vfmadd231pd
vfmadd231ph vfmadd231ps vfmadd231sd vfmadd231ss vfmaddcph vfmaddcsh vfmaddpd vfmaddps vfmaddsd
vfmaddss vfmaddsub132pd vfmaddsub132ph vfmaddsub132ps vfmaddsub213pd vfmaddsub213ph
vfmaddsub213ps vfmaddsub231pd vfmaddsub231ph vfmaddsub231ps vfmaddsubpd vfmaddsubps vfmsub132pd
vfmsub132ph vfmsub132ps vfmsub132sd vfmsub132ss vfmsub213pd vfmsub213ph vfmsub213ps vfmsub213sd
vfmsub213ss vfmsub231pd vfmsub231ph vfmsub231ps vfmsub231sd vfmsub231ss vfmsubadd132pd
vfmsubadd132ph vfmsubadd132ps vfmsubadd213pd vfmsubadd213ph vfmsubadd213ps vfmsubadd231pd
vfmsubadd231ph vfmsubadd231ps vfmsubaddpd vfmsubaddps vfmsubpd vfmsubps vfmsubsd vfmsubss
vfmulcsh vfnmadd132pd vfnmadd132ps vfnmadd132sd vfnmadd132ss vfnmadd213pd vfnmadd213ps
vfnmadd213sd vfnmadd213ss vfnmadd231pd vfnmadd231ps vfnmadd231sd vfnmadd231ss vfnmaddpd
vfnmaddps vfnmaddsd vfnmaddss vfnmsub132pd vfnmsub132ps vfnmsub132sd vfnmsub132ss vfnmsub213pd
vfnmsub213ps vfnmsub213sd vfnmsub213ss vfnmsub231pd vfnmsub231ps vfnmsub231sd vfnmsub231ss
vfnmsubpd vfnmsubps vfnmsubsd vfnmsubss vfpclasspd vfpclassph vfpclassps vfpclasssd vfpclasssh
vfpclassss vfrczpd vfrczps vfrczsd vfrczss vgatherdpd vgatherdps vgatherpf0dpd vgatherpf0dps
vgatherpf0qpd vgatherpf0qps vgatherpf1dpd vgatherpf1dps vgatherpf1qpd vgatherpf1qps vgatherqpd
vgatherqps vgetexppd vgetexpph vgetexpps vgetexpsd vgetexpsh vgetexpss vgetmantpd vgetmantph
vgetmantps vgetmantsd vgetmantsh vgetmantss vinsertf128 vinsertf32x4 vinsertf32x8 vinsertf64x2
vinsertf64x4 vinserti128 vinserti32x4 vinserti32x8 vinserti64x2 vinserti64x4 vmaskmovpd
vmaskmovps vmgexit vmovdqa32 vmovdqa64 vmovdqu16 vmovdqu32 vmovdqu64 vmovdqu8 vmovsd vmovsh
vmovw vmulph vmulsh vp2intersectd vpabsq vpandd vpandnd vpandnq vpandq vpblendd vpblendmb
vpblendmd vpblendmq vpblendmw vpbroadcastb vpbroadcastd vpbroadcastmb2q vpbroadcastmw2d
vpbroadcastq vpbroadcastw vpcmov vpcmpb vpcmpd vpcmpltd vpcmpq vpcmpub vpcmpud vpcmpuq vpcmpuw
vpcmpw vpcomb vpcomd vpcompressb vpcompressd vpcompressq vpcompressw vpcomq vpcomub vpcomud
vpcomuq vpcomuw vpcomw vpconflictd vpconflictq vpdpbssd vpdpbssds vpdpbsud vpdpbsuds vpdpbusd
vpdpbusds vpdpbuud vpdpbuuds vpdpwssd vpdpwssds vperm2f128 vperm2i128 vpermb vpermd vpermi2b
vpermi2d vpermi2pd vpermi2ps vpermi2q vpermi2w vpermilpd vpermilps vpermpd vpermps vpermq
vpermt2b vpermt2d vpermt2pd vpermt2ps vpermt2q vpermt2w vpermw vpexpandb vpexpandd vpexpandq
vpexpandw vpgatherdd vpgatherdq vpgatherqd vpgatherqq vphaddbd vphaddbq vphaddbw vphadddq
vphaddubd vphaddubq vphaddubw vphaddudq vphadduwd vphadduwq vphaddwd vphaddwq vphsubbw vphsubdq
vphsubwd vplzcntd vplzcntq vpmacsdd vpmacsdqh vpmacsdql vpmacssdd vpmacssdqh vpmacssdql
vpmacsswd vpmacssww vpmacswd vpmacsww vpmadcsswd vpmadcswd vpmadd52huq vpmadd52luq vpmaskmovd
vpmaskmovq vpmaxsq vpmaxuq vpminsq vpminuq vpmovb2m vpmovd2m vpmovdb vpmovdw vpmovm2b vpmovm2d
vpmovm2q vpmovm2w vpmovq2m vpmovqb vpmovqd vpmovqw vpmovsdb vpmovsdw vpmovsqb vpmovsqd vpmovsqw
vpmovswb vpmovusdb vpmovusdw vpmovusqb vpmovusqd vpmovusqw vpmovuswb vpmovw2m vpmovwb vpmullq
vpmultishiftqb vpopcntb vpopcntd vpopcntq vpopcntw vpord vporq vpperm vprold vprolq vprolvd
vprolvq vprord vprorq vprorvd vprorvq vprotb vprotd vprotq vprotw vpscatterdd vpscatterdq
vpscatterqd vpscatterqq vpshab vpshad vpshaq vpshaw vpshlb vpshld vpshldd vpshldq vpshldvd
vpshldvq vpshldvw vpshldw vpshlq vpshlw vpshrdd vpshrdq vpshrdvd vpshrdvq vpshrdvw vpshrdw
vpshufbitqmb vpsllvd vpsllvq vpsllvw vpsraq vpsravd vpsravq vpsravw vpsrlvd vpsrlvq vpsrlvw
vpternlogd vpternlogq vptestmb vptestmd vptestmq vptestmw vptestnmb vptestnmd vptestnmq
vptestnmw vpxord vpxorq vrangepd vrangeps vrangesd vrangess vrcp14pd vrcp14ps vrcp14sd vrcp14ss
vrcp28pd vrcp28ps vrcp28sd vrcp28ss vrcpph vrcpsh vreducepd vreduceph vreduceps vreducesd
vreducesh vreducess vrndscalepd vrndscaleps vrndscalesd vrndscaless vrsqrt14pd vrsqrt14ps
vrsqrt14sd vrsqrt14ss vrsqrt28pd vrsqrt28ps vrsqrt28sd vrsqrt28ss vrsqrtph vrsqrtsh vscalefpd
vscalefph vscalefps vscalefsd vscalefsh vscalefss vscatterdpd vscatterdps vscatterpf0dpd
vscatterpf0dps vscatterpf0qpd vscatterpf0qps vscatterpf1dpd vscatterpf1dps vscatterpf1qpd
vscatterpf1qps vscatterqpd vscatterqps vshuff32x4 vshuff64x2 vshufi32x4 vshufi64x2 vsqrtph
vsqrtsh vsubph vsubsh vtestpd vtestps vucomish vzeroall vzeroupper`,
  ],
];

/** Those of SSE, of which AVX has each once more with a `v` in front. */
const BOTH = `
addpd addps addsd addss addsubpd addsubps aesdec aesdeclast aesenc aesenclast aesimc
aeskeygenassist andnpd andnps andpd andps blendpd blendps blendvpd blendvps cmppd cmpps cmpss
comisd comiss cvtdq2pd cvtdq2ps cvtpd2dq cvtpd2ps cvtps2dq cvtps2pd cvtsd2si cvtsd2ss cvtsi2sd
cvtsi2ss cvtss2sd cvtss2si cvttpd2dq cvttps2dq cvttsd2si cvttss2si divpd divps divsd divss dppd
dpps extractps gf2p8affineinvqb gf2p8affineqb gf2p8mulb haddpd haddps hsubpd hsubps insertps
lddqu ldmxcsr maskmovdqu maxpd maxps maxsd maxss minpd minps minsd minss movapd movaps movd
movddup movdqa movdqu movhlps movhpd movhps movlhps movlpd movlps movmskpd movmskps movntdq
movntdqa movntpd movntps movq movshdup movsldup movss movupd movups mpsadbw mulpd mulps mulsd
mulss orpd orps pabsb pabsd pabsw packssdw packsswb packusdw packuswb paddb paddd paddq paddsb
paddsw paddusb paddusw paddw palignr pand pandn pavgb pavgw pblendvb pblendw pclmulqdq pcmpeqb
pcmpeqd pcmpeqq pcmpeqw pcmpestri pcmpestrm pcmpgtb pcmpgtd pcmpgtq pcmpgtw pcmpistri pcmpistrm
pextrb pextrd pextrq pextrw phaddd phaddsw phaddw phminposuw phsubd phsubsw phsubw pinsrb pinsrd
pinsrq pinsrw pmaddubsw pmaddwd pmaxsb pmaxsd pmaxsw pmaxub pmaxud pmaxuw pminsb pminsd pminsw
pminub pminud pminuw pmovmskb pmovsxbd pmovsxbq pmovsxbw pmovsxdq pmovsxwd pmovsxwq pmovzxbd
pmovzxbq pmovzxbw pmovzxdq pmovzxwd pmovzxwq pmuldq pmulhrsw pmulhuw pmulhw pmulld pmullw
pmuludq por psadbw pshufb pshufd pshufhw pshuflw psignb psignd psignw pslld pslldq psllq psllw
psrad psraw psrld psrldq psrlq psrlw psubb psubd psubq psubsb psubsw psubusb psubusw psubw ptest
punpckhbw punpckhdq punpckhqdq punpckhwd punpcklbw punpckldq punpcklqdq punpcklwd pxor rcpps
rcpss roundpd roundps roundsd roundss rsqrtps rsqrtss shufpd shufps sqrtpd sqrtps sqrtsd sqrtss
stmxcsr subpd subps subsd subss ucomisd ucomiss unpckhpd unpckhps unpcklpd unpcklps xorpd xorps`;

let reasons: Map<string, string> | undefined;

function allReasons(): Map<string, string> {
  const map = new Map<string, string>();
  const words = (names: string): string[] => names.trim().split(/\s+/);
  for (const [reason, names] of GROUPS) for (const name of words(names)) map.set(name, reason);
  for (const name of words(BOTH)) map.set(name, 'SSE').set(`v${name}`, 'AVX');
  return map;
}

/** Why the instruction `mnemonic`, in lower case, is missing; undefined if it is none. */
export function whyForeign(mnemonic: string): string | undefined {
  reasons ??= allReasons();
  const reason = reasons.get(mnemonic);
  return reason && (refusalHint(mnemonic) ?? reason);
}
