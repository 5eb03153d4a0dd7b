// How a name is typed in Latin letters: 张三丰 → zhangsanfeng, zsf, zhangsf. The browser's own Chinese collation sorts by
// pinyin, so a character lies between the first characters of two syllables; a dictionary would weigh more than the whole
// app. It knows one reading of each character: others that occur in names are listed, and surnames that are always read
// otherwise. `v` is ü.

/** Each syllable with the first of its characters in the collation of the Unicode CLDR (zh, pinyin). */
const FIRSTS =
  "a吖ai哎an安ang肮ao凹ba丷bai挀ban扳bang邦bao勹bei卑ben奔beng伻bi屄bian边biao灬bie憋bin汃bing冫bo癶bu峬ca嚓cai偲can参cang仓cao撡ce冊cen嵾" +
  "ceng曽cha叉chai芆chan辿chang伥chao抄che车chen抻cheng阷chi吃chong充chou抽chu出chua歘chuai揣chuan巛chuang刅chui吹chun旾chuo逴ci呲" +
  "cong匆cou凑cu粗cuan汆cui崔cun邨cuo搓da咑dai呆dan丹dang当dao刀de嘚den扥deng灯di氐dia嗲dian敁diao刁die爹ding丁diu丟dong东dou吺du厾duan耑" +
  "dui垖dun吨duo多e妸ei诶en奀eng鞥er儿fa发fan帆fang匚fei飞fen分feng丰fo仏fou紑fu夫ga旮gai侅gan甘gang冈gao皋ge戈gei给gen根geng刯gong工gou勾gu估" +
  "gua瓜guai乖guan关guang光gui归gun丨guo呙ha哈hai咍han佄hang夯hao茠he诃hei黒hen拫heng亨hong叿hou齁hu乎hua花huai怀huan欢huang巟hui灰hun昏" +
  "huo吙ji丌jia加jian戋jiang江jiao艽jie阶jin巾jing坕jiong冂jiu丩ju凥juan姢jue噘jun军ka咔kai开kan刊kang忼kao尻ke匼kei剋ken肎keng劥kong空" +
  "kou抠ku扝kua夸kuai蒯kuan宽kuang匡kui亏kun坤kuo扩la垃lai来lan兰lang啷lao捞le仂lei雷leng崚li哩lia俩lian奁liang良liao撩lie毟lin拎ling伶" +
  "liu溜long龙lou瞜lu噜lv驴luan娈lun抡luo啰ma妈mai埋man嫚mang牤mao猫me嚒mei坆men椚meng擝mi咪mian宀miao喵mie乜min民ming名miu谬mo摸mou哞mu毪" +
  "na拏nai腉nan囡nang囔nao孬ne疒nei娞nen恁neng能ni妮nian拈niang娘niao鸟nie捏nin囜ning宁niu妞nong农nou羺nu奴nv女nuan奻nuo挪o喔ou讴pa妑pai拍" +
  "pan眅pang乓pao抛pei呸pen喷peng匉pi丕pian囨piao剽pie氕pin姘ping乒po钋pou剖pu仆qi七qia掐qian千qiang呛qiao悄qie苆qin亲qing靑qiong卭qiu丘" +
  "qu区quan奍que炔qun夋ran呥rang穣rao娆re惹ren人reng扔ri日rong戎rou厹ru邚ruan堧rui桵run瞤ruo捼sa仨sai毢san三sang桒sao掻se閪sen森seng僧sha杀" +
  "shai筛shan山shang伤shao弰she奢shen申sheng升shi尸shou収shu书shua刷shuai衰shuan闩shuang双shui脽shun吮shuo说si厶song忪sou凁su苏suan狻" +
  "sui夊sun孙suo唆ta他tai囼tan坍tang汤tao夲te忑teng熥ti剔tian天tiao旫tie帖ting厅tong囲tou偷tu凸tuan湍tui推tun吞tuo乇wa屲wai歪wan弯wang尢" +
  "wei危wen昷weng翁wo挝wu乌xi夕xia呷xian仙xiang乡xiao灱xie些xin心xing星xiong凶xiu休xu吁xuan吅xue削xun坃ya丫yan恹yang央yao幺ye倻yi一yin囙" +
  "ying应yo哟yong佣you优yu込yuan囦yue曰yun晕za帀zai災zan兂zang匨zao傮ze则zei贼zen怎zeng囎zha扎zhai夈zhan枬zhang张zhao佋zhe蜇zhen贞zheng凧" +
  "zhi之zhong中zhou州zhu朱zhua抓zhuai跩zhuan专zhuang妆zhui隹zhun宒zhuo拙zi孜zong宗zou邹zu租zuan钻zui厜zun尊zuo嘬";
const SURNAMES = readingsOf(
  "单shan 曾zeng 解xie 仇qiu 区ou 查zha 朴piao,pu 覃qin,tan 盖ge,gai 翟zhai,di 缪miao 沈shen 尉yu,wei 种chong 隗wei,kui 宓mi 员yun " +
    "召shao 折she 黑he 秘bi 冼xian 祭zhai 逄pang 卜bu 牟mu,mou 晁chao 乐yue,le 郗xi,chi",
);
const READINGS = readingsOf(
  "长chang,zhang 乐le,yue 重zhong,chong 朝chao,zhao 传chuan,zhuan 行xing,hang 盛sheng,cheng 车che,ju 石shi,dan 曾zeng,ceng 单dan,shan " +
    "会hui,kuai 祭ji,zhai 率lv,shuai 晟sheng,cheng 茜qian,xi 贾jia,gu 广guang,an 降jiang,xiang 校xiao,jiao 藏cang,zang 柏bai,bo " +
    "略lve 掠lve 虐nve 谁shei,shui 泊bo,po 卜bu,bo 弹tan,dan 调tiao,diao 地di,de 茄qie,jia 拓tuo,ta 削xue,xiao 粘zhan,nian 桔ju,jie 囤tun,dun " +
    "镐hao,gao 牟mou,mu 仔zi,zai 琢zhuo,zuo 佛fo,fu 剥bo,bao 娜na,nuo 莎sha,suo 强qiang,jiang 露lu,lou 都du,dou 还huan,hai 薄bo,bao 阿a,e 伽jia,qie",
);
const collator = new Intl.Collator("zh-CN-u-co-pinyin");
const syllables = [...FIRSTS.matchAll(/([a-z]+)([^a-z])/gu)].map(([, syllable, first]) => [syllable!, first!] as const);
const kept = new Map<string, string>();

/** How far typed letters agree with a name: with all of it, with its beginning, with something further on, or not. */
export type Agreement = "whole" | "start" | "inside" | "none";

/** The readings of each character of a name, the likeliest first. */
export function spelt(name: string): string[][] {
  const characters = [...name.replaceAll(/[\s·•.]/g, "")];
  return characters.map((one, i) => (i === 0 && SURNAMES.get(one)) || READINGS.get(one) || [reading(one)]);
}

/** Whether letters mean this name: of each character its reading, or the beginning of it. */
export function agreement(typed: string, name: readonly (readonly string[])[]): Agreement {
  const letters = typed.replaceAll(/[\s'’]/g, "");
  const found = letters ? follow(letters, name, 0) : "none";
  if (found !== "none") return found;
  return letters && name.some((_, i) => i > 0 && follow(letters, name, i) !== "none") ? "inside" : "none";
}

function follow(letters: string, name: readonly (readonly string[])[], from: number): Agreement {
  if (letters === "") return from === name.length ? "whole" : "start";
  let best: Agreement = "none";
  for (const reading of name[from] ?? []) {
    for (let taken = common(letters, reading); taken > 0; taken -= 1) {
      const found = follow(letters.slice(taken), name, from + 1);
      if (found === "whole") return found;
      if (found === "start") best = found;
    }
  }
  return best;
}

/** How many letters agree. Who has no ü types u, as well as v. */
function common(letters: string, reading: string): number {
  let length = 0;
  while (length < reading.length && (letters[length] === reading[length] || (letters[length] === "u" && reading[length] === "v"))) length += 1;
  return length;
}

function reading(character: string): string {
  const known = kept.get(character);
  if (known !== undefined) return known;
  const found = /\p{Script=Han}/u.test(character) ? syllableOf(character) : character.toLowerCase();
  kept.set(character, found);
  return found;
}

/** The last syllable whose first character does not come after this one. */
function syllableOf(character: string): string {
  let [low, high] = [0, syllables.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (collator.compare(character, syllables[middle]![1]) < 0) high = middle;
    else low = middle;
  }
  return syllables[low]![0];
}

/** `单shan 朴piao,pu` as a table. */
function readingsOf(text: string): Map<string, string[]> {
  return new Map(text.split(" ").map((one) => [one[0]!, one.slice(1).split(",")]));
}
