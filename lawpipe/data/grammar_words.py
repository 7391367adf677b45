"""The words of the story grammar: who there is, what there is, where it is, and how people talk about it.

A cell or rule is a template (see `lawpipe.data.grammar`): `a / b / c` are alternatives, the first the likeliest;
`[a/b]` the same within a sentence, all equally likely; `{role.field:form}` is filled in. A table has one row a
line, its cells divided by `|`; an indented line carries on the row above it.
"""

# lemma:past of verbs that the rules get wrong
IRREGULAR_PAST = """
be:was begin:began bind:bound bite:bit blow:blew break:broke bring:brought build:built buy:bought catch:caught
come:came creep:crept cut:cut dig:dug do:did draw:drew drink:drank drive:drove eat:ate fall:fell feed:fed feel:felt
find:found fly:flew get:got give:gave go:went hang:hung have:had hear:heard hide:hid hold:held keep:kept
knit:knitted know:knew lead:led leap:leaped leave:left let:let lie:lay light:lit lose:lost make:made put:put
read:read ride:rode ring:rang run:ran see:saw sew:sewed shake:shook sing:sang sink:sank sit:sat sleep:slept
slide:slid sling:slung slink:slunk spin:spun spread:spread spring:sprang stand:stood steal:stole stick:stuck
stride:strode string:strung sweep:swept swim:swam swing:swung take:took teach:taught tell:told think:thought
throw:threw wake:woke wear:wore weave:wove write:wrote
"""

GIRLS = """
Lily Mia Anna Sue Emma Lucy Zoe Amy Ella Rose Molly Jane Sara Daisy Grace Kate Ruby Nora Ivy Clara Maya Alice
  Julia Hannah
Olive Leah Penny Stella Eva Nina Tina Wendy Maria Polly Violet Hazel Bella Sofia Ada Eliza Fiona Gina Holly Iris
  Josie Kira
Lena Mabel Nadia Opal Paula Rita Sally Tessa Uma Vera Willa Yara Zara Amina Beth Carmen Dora Edith Freya Greta
  Heidi Ingrid
Joy Keiko Lola Marta Nell Odette Priya Quinn Rachel Selma Thea Ursula Vivian Winnie Xenia Yuki Agnes Bonnie Cora
  Dalia
Esther Faye Gloria Helena Imani Jasmine Kalina Leila Mina Noor Paloma Rosalind Sunita Tamara
"""

BOYS = """
Tom Ben Max Tim Sam Jack Leo Bob Tommy Billy Peter Joe Noah Luke Adam Finn Oscar Henry Oliver Charlie Theo Nick
  Jake Owen
Alex George Hugo Eli Simon Toby Danny Felix Jasper Miles Harry Frank Arthur Caleb Dylan Ethan Gus Isaac Jonas
  Kevin Louis
Marco Nathan Otto Paul Ralph Seth Victor Walter Abel Bruno Cyrus Diego Emil Fred Gabriel Hassan Ivan Jamal Kenji
  Lars
Mateo Nico Omar Pablo Rafael Stefan Tariq Umar Vincent Wesley Xavier Yusuf Zack Albert Boris Conrad Dennis Edgar
  Floyd Gilbert
Howard Igor Jerome Karl Leon Milo Norman Orlando Percy Rohan Stanley Tobias Viktor Winston
"""

PETS = """
Pip Coco Dot Biscuit Fluffy Nibbles Pepper Buttons Peanut Bubbles Ziggy Mittens Patch Cookie Honey Teddy Rusty
  Sunny Muffin
Clover Ginger Scout Hoppy Whiskers Pebble Bramble Nutmeg Tilly Waffles Chester Dusty Fern Gizmo Hazelnut Inky
  Jingle Kiki
Lulu Maple Noodle Olly Pumpkin Quill Rascal Snowy Twig Velvet Wiggles Yogi Zippy Acorn Barnaby Cricket Dumpling
  Echo Figaro
Gumdrop Humphrey Jellybean Kipper Lollipop Marmalade Nugget Pickles Poppy Raisin Squeaky Toffee Tumble Wobble
  Bashful Crumbs
"""

# kind | habitats | how it moves | its voice | where it lives | what it eats ("-" in the last two: never a hero)
KINDS = """
rabbit | wood meadow farm | hop / scamper / bound / dash | squeak / sniff | burrow | carrots / clover / lettuce /
  parsley
bear | wood | lumber / trot / shuffle / amble | growl / grunt | cave / den | honey / blueberries / salmon
mouse | wood meadow farm | scurry / scamper / tiptoe / dart | squeak | hole under the roots | cheese / crumbs /
  sunflower seeds
fox | wood meadow | trot / slink / dash / creep | yelp / bark | den | plums / berry pie
squirrel | wood | scamper / leap / scramble / dart | chatter / squeak | hollow tree | acorns / walnuts / hazelnuts
bird | wood meadow garden | fly / flutter / swoop / glide | chirp / tweet / sing | nest | seeds / cherries /
  sunflower seeds
duck | farm water | waddle / paddle / swim | quack | nest of reeds | water weeds / corn / barley
frog | water | leap / hop / jump / swim | croak | house under a lily pad | fly soup / mosquito pudding
cat | garden farm town | creep / prowl / leap / stroll | meow / purr | basket by the stove | sardines / cream / tuna
dog | garden farm town | run / trot / bound / race | bark / woof | kennel | sausages / bones / biscuits
turtle | water | crawl / plod / swim | sigh / hum | shell by the pond | lettuce / water lilies
hedgehog | wood garden | shuffle / toddle / trundle | snuffle / squeak | pile of leaves | mushrooms / fallen apples
owl | wood | fly / glide / swoop / soar | hoot | hollow oak | chestnuts / midnight porridge
deer | wood meadow | leap / trot / bound / prance | snort / bleat | grassy glade | clover / juniper berries / tender
  leaves
pig | farm | trot / waddle / trundle | oink / squeal / grunt | sty | turnips / corn / potato peels
lamb | farm meadow | skip / trot / romp / prance | bleat | cozy barn | oats / daisies / sweet grass
pony | farm meadow | gallop / trot / canter / prance | neigh / whinny | stable | oats / apples / sugar lumps
cow | farm meadow | plod / wander / trot | moo | red barn | hay / buttercups
goat | farm | skip / leap / clamber / trot | bleat | shed on the hill | thistles / turnips
hen | farm | strut / flutter / scurry | cluck | henhouse | corn / barley
goose | farm water | waddle / paddle / march | honk | nest of straw | grass / barley / cabbage
monkey | jungle | swing / climb / leap / scramble | chatter / screech / hoot | treehouse | bananas / figs / coconuts
elephant | jungle savanna | stomp / plod / march / lumber | trumpet | clearing under the palms | mangoes / peanuts /
  bamboo
lion | savanna | stride / prowl / bound / stroll | roar / purr | rocky den | melon / roasted yams
tiger | jungle | prowl / creep / leap / slink | growl / roar | den of ferns | papaya / grilled fish
zebra | savanna | gallop / trot / canter | bray / snort | grassy plain | sweet grass / wild melons
giraffe | savanna | stride / lope / amble | hum / snort | grove of tall trees | acacia leaves / apricots
parrot | jungle | fly / flap / swoop / glide | squawk / screech / whistle | nest of vines | papaya / Brazil nuts /
  pineapple
penguin | snow | waddle / slide / dive / swim | honk / squawk | igloo | herring / fish sticks
polar bear | snow | lumber / slide / plod / swim | growl / grunt | snow cave | salmon / frozen berries
seal | snow sea | slide / swim / dive / wriggle | bark | icy cove | mackerel / squid
hippo | savanna water | wade / stomp / plod / swim | grunt / snort | muddy pool | water lilies / melons
kangaroo | savanna | hop / leap / bound / spring | click / grunt | camp under the gum trees | sweet grass / yams
raccoon | wood town | sneak / scramble / tiptoe / shuffle | chatter / purr | old barrel | corn / crayfish / leftover
  pizza
beaver | water wood | swim / paddle / waddle | whistle / grunt | lodge of sticks | bark stew / willow twigs
badger | wood | trundle / shuffle / trot | grunt / snort | sett in the hillside | mushrooms / honey cakes
otter | water sea | swim / dive / slide / tumble | whistle / squeak | house by the river | trout / clams
mole | wood meadow | dig / crawl / shuffle | squeak / snuffle | tunnel | radishes / turnip soup
wolf | wood snow | trot / lope / prowl / dash | howl | den on the ridge | stew / dumplings
donkey | farm | plod / trot / amble | bray | stall | hay / thistles / carrots
dragon | magic | fly / stomp / soar / swoop | roar / snort | cave | roasted chestnuts / hot peppers / toast
fairy | magic | flutter / float / flit / fly | giggle / sing | bluebell | nectar / dewdrops / rose jam
unicorn | magic | gallop / prance / canter / trot | neigh / whinny | silver stable | stardust cookies / moonberries
elf | magic | skip / tiptoe / scamper / dance | giggle / whistle | mushroom house | gingerbread / maple sugar
giant | magic | stomp / stride / march / tramp | boom / rumble | castle in the clouds | barrels of stew / mountains
  of mashed potatoes
robot | magic town | roll / clank / whir / march | beep / buzz | workshop | batteries / oil soup
troll | magic | stomp / trudge / lumber | grumble / grunt | house under the bridge | pebble stew / nettle soup
wizard | magic | stroll / shuffle / hurry | mutter / hum | crooked tower | potion pudding / beetroot pie
butterfly | meadow garden | flutter / flit / float | hum | - | -
bee | meadow garden farm | buzz / fly / zoom | buzz / hum | - | -
snail | garden wood | crawl / slide / creep | sigh | - | -
caterpillar | garden meadow | wriggle / crawl / inch | hum / munch | - | -
ladybug | garden meadow | crawl / flit / fly | hum | - | -
ant | garden meadow wood | march / scurry / crawl | squeak | - | -
beetle | garden wood | scuttle / crawl / march | click / buzz | - | -
grasshopper | meadow | hop / spring / leap | chirp / fiddle | - | -
fish | water sea | swim / dart / glide | bubble / splash | - | -
crab | sea | scuttle / crawl / scurry | click / snap | - | -
seagull | sea town | fly / soar / glide / swoop | screech / squawk | - | -
dolphin | sea | swim / leap / dive / glide | whistle / click | - | -
starfish | sea | creep / crawl / drift | sigh | - | -
swan | water | glide / swim / paddle | honk / hiss | - | -
dragonfly | water | dart / hover / zoom | buzz / hum | - | -
pigeon | town | fly / flap / strut | coo | - | -
sparrow | town garden | fly / flutter / hop | chirp / twitter | - | -
kitten | town garden | tumble / pounce / creep | mew / purr | - | -
puppy | town garden | bounce / run / tumble | yap / whine | - | -
woodpecker | wood | fly / flap / swoop | peck / drum | - | -
snake | jungle savanna | slither / glide / wriggle | hiss | - | -
chameleon | jungle | creep / crawl / climb | hum / click | - | -
flamingo | savanna water | wade / stride / strut | honk | - | -
reindeer | snow | trot / gallop / prance | snort / bellow | - | -
snow goose | snow | fly / glide / waddle | honk | - | -
firefly | magic meadow | flit / float / dance | hum / whisper | - | -
phoenix | magic | fly / soar / swoop | sing / cry | - | -
"""

# place | noun | habitat | spots | sights | fun
PLACES = """
in the park | park | town | under the bench / behind the fountain / beside the swings / near the slide / under the
  statue | joggers and strollers / ducks by the fountain / children on the slide / skaters in a row | ride the
  merry-go-round / slide down the tall slide / swing as high as the trees / play tag
at the playground | playground | town | under the seesaw / inside the sandbox / behind the climbing frame / by the
  gate | toddlers in the sandbox / twins on the seesaw | balance on the seesaw / dig in the sandbox / climb the rope
  ladder
in the garden | garden | garden | behind the shed / under the rosebush / between the tomatoes / beside the birdbath /
  near the hose | roses and tulips / rows of sunflowers / worms in the soil | water the flowers / pull weeds / smell
  the lavender
in the backyard | backyard | garden | under the porch / behind the fence / beside the doghouse / below the
  clothesline | shirts on the clothesline / sparrows on the fence | jump through the sprinkler / blow bubbles / camp
  in a tent
in the forest | forest | wood | under a fern / behind a mossy rock / inside a hollow log / between the roots / among
  the pine cones | mushrooms and moss / tall oaks / blackberries on the bushes | gather pine cones / climb over logs
  / follow the winding path
in the woods | woods | wood | beneath an old oak / behind a stump / near the stream / under a heap of leaves |
  birches and beeches / rabbit tracks in the mud | jump over puddles / collect acorns / listen to the woodpeckers
on the farm | farm | farm | behind the barn / under the haystack / beside the tractor / near the trough / in the loft
  | sheep on the hillside / rows of corn / pumpkins as big as wheels | roll in the hay / chase the chickens / count
  the eggs
in the orchard | orchard | farm | under the apple tree / behind a crate / next to the ladder / beside the wheelbarrow
  | pears and apples / bees around the blossoms | pick ripe apples / climb the ladder / shake the branches
in the meadow | meadow | meadow | among the poppies / beneath a thistle / behind a hill / in the tall grass | daisies
  and buttercups / grasshoppers in the grass / clouds like sheep | roll down the hill / make daisy chains / chase the
  wind
on the hill | hill | meadow | behind a boulder / under the lonely tree / near the windmill / beside the stone wall |
  the whole valley below / the windmill and the river | roll down the slope / watch the clouds / run against the wind
at the beach | beach | sea | under the pier / behind the sand dunes / beside the rowboat / near the tide pool / among
  the seaweed | sailboats far away / shells in the foam / surfers on the waves | jump over the waves / collect shells
  / dig a deep hole
by the harbor | harbor | sea | behind a coil of rope / under a fishing net / beside the lighthouse / between two
  barrels | fishing boats and ferries / sailors on the decks | wave at the ferries / count the anchors / watch the
  sailors
by the lake | lake | water | under the dock / beside the canoe / behind the reeds / near the cattails | ripples on
  the water / swans and ducklings / lilies and reeds | skip stones / splash in the shallow water / paddle along the
  shore
by the river | river | water | under the bridge / behind a willow / on a flat rock / beside the waterfall | minnows
  and tadpoles / stepping stones | float leaf boats / wade in the cool water / cross the stepping stones
by the pond | pond | water | beneath the lily pads / behind the bulrushes / next to a rotten log / by the muddy bank
  | tadpoles and dragonflies / lilies in bloom | splash about / count the tadpoles / float on a log
at the market | market | town | under a stall / behind the flower cart / between the baskets / near the bakery |
  stacks of cheese / jars of honey / baskets of peaches | taste the cheese / sniff the spices / look at every stall
at the zoo | zoo | town | beside the monkey cage / under the map / behind the ticket booth / near the aquarium |
  lions and lizards / peacocks and panthers | watch the penguins / copy the monkeys / feed the goats
at the library | library | town | under a table / behind the atlases / between two shelves / beside the globe |
  shelves full of stories / students with notebooks | look at picture books / spin the globe / read quietly
at school | school | town | under the desk / behind the blackboard / inside the cupboard / near the coat hooks |
  paintings on the wall / pencils and rulers | draw on the blackboard / sing the alphabet / play hopscotch
at the train station | train station | town | under a seat / beside the clock / behind a suitcase / near the tracks |
  travelers with suitcases / engines and wagons | wave at the conductor / count the wagons / watch the trains
at the fair | fair | town | behind the popcorn stand / under the Ferris wheel / beside the carousel / near the tent |
  clowns on stilts / jugglers and acrobats / balloons of every color | ride the carousel / toss rings / laugh at the
  clowns
in the old mill | old mill | farm | inside a flour sack / behind the millstone / under the stairs / beside the big
  wheel | cobwebs and broken gears / sacks full of grain | climb up the stairs / peek out of the round window / hang
  from a beam
in the greenhouse | greenhouse | garden | under a flowerpot / behind the cactus / inside a watering can | orchids and
  lemon trees / pots and seedlings | sniff the lemon blossoms / draw on the foggy glass / count the cactus spines
in the museum | museum | town | behind a statue / beside the dinosaur / under the painting / near the stairs |
  dinosaur bones / knights in armor / golden masks | gaze at the mummies / sketch the statues / count the dinosaur
  bones
in the jungle | jungle | jungle | under a palm leaf / behind a twisted vine / beside a giant orchid / near the swamp
  | orchids and vines / toucans in the treetops | swing on vines / drum on coconuts / slide down wet leaves
under the waterfall | waterfall | jungle | behind the falling water / on a slippery stone / beneath the ferns |
  rainbows in the spray / ferns and frogs | shower in the spray / climb slippery stones / splash in the pool
on the savanna | savanna | savanna | under the acacia / behind an anthill / beside the water hole / in the golden
  grass | herds in the distance / dusty trails | race across the plain / drink at the water hole / stare at the
  sunset
at the water hole | water hole | savanna | behind the baobab / beneath a flat stone / beside the cracked mud |
  footprints in the mud / thirsty antelopes | roll in the mud / spray water / watch the herds
on the ice | ice | snow | behind a snowdrift / under an ice block / beside the frozen stream / near the fishing hole
  | icicles and snowdrifts / icebergs in the bay | slide on {his} belly / build snow towers / spin around and around
by the frozen bay | bay | snow | behind an iceberg / between two blocks of ice / under the snow | icebergs like
  castles / northern lights in the sky | dive into the cold water / slide down the glacier / throw snowballs
in the enchanted forest | enchanted forest | magic | under a glowing toadstool / inside a talking tree / behind a
  crystal rock | toadstools that glowed / trees with silver leaves | dance with the fireflies / whisper to the trees
  / sip the morning dew
in the castle | castle | magic | behind the throne / in the dungeon / under the drawbridge / inside a suit of armor |
  banners and shields / candles by the hundred | explore the towers / slide down the banisters / bow to the king
on the rainbow bridge | rainbow bridge | magic | beneath the purple arch / behind a pot of gold / beside a sleepy
  cloud | cotton clouds / stars in the daytime | slide down the rainbow / catch sunbeams / bounce on the clouds
"""

CHILD_HABITATS = "town garden farm wood meadow water sea"  # where children go

COLORS = """red / blue / yellow / green / purple / orange / pink / white / brown / black / silver / golden / gray
  / turquoise /
violet / scarlet / crimson / ivory / lavender / emerald / indigo / copper"""

SIZES = "little / big / small / tiny / large / huge / giant"

# class | adjectives | what one does with it | nouns
THINGS = """
flyer | light / striped / homemade / paper / colorful / fast | fly / launch / throw | kite / paper plane / toy
  airplane / glider / toy rocket / pinwheel / toy helicopter / balloon
roller | bouncy / round / rubber / striped / smooth / spotted | roll / bounce / spin / toss | ball / hoop / marble /
  yo-yo / spinning top / beach ball / soccer ball / tennis ball
vehicle | wooden / shiny / painted / noisy / fast / rusty | push / pull / steer / drive | toy car / toy truck / wagon
  / toy train / toy boat / fire engine / toy tractor / sled / scooter / toy bus / race car / wheelbarrow / toy
  submarine
cuddly | soft / fluffy / fuzzy / cuddly / floppy / beloved / patched / velvet | hug / cuddle / squeeze / carry |
  teddy bear / doll / toy bunny / rag doll / blanket / pillow / stuffed elephant / sock puppet / toy dinosaur /
  stuffed giraffe / toy penguin
instrument | loud / shiny / musical / polished / brass / tuneful | play / practice / polish | drum / flute / guitar /
  trumpet / violin / bell / whistle / piano / harmonica / xylophone / tambourine / banjo / accordion / horn / ukulele
  / harp
book | thick / dusty / illustrated / leather / famous / funny | read / open / study | book / storybook / map / diary
  / comic / notebook / letter / photo album / atlas / cookbook / songbook / encyclopedia
clothing | warm / woolly / knitted / cozy / striped / checkered | wear / try on / wash | hat / scarf / sweater / coat
  / mitten / sock / glove / poncho / slipper / vest / shawl / cardigan
costume | fancy / silk / shiny / splendid / glittering / feathered | wear / try on / show | cape / dress / ribbon /
  bow tie / helmet / cloak / wig / tutu / turban / kimono / top hat / raincoat / pirate hat
treasure | shiny / sparkling / precious / smooth / rare / glittering / magic / strange | admire / polish / hold /
  examine | shell / stone / coin / key / ring / gem / feather / necklace / pearl / crystal / medal / locket / crown /
  bracelet / button / brooch / diamond / fossil / seashell / compass / ruby / amulet / star
tool | sturdy / heavy / handy / sharp / trusty / rusty | use / carry / borrow | shovel / hammer / bucket / rope /
  broom / rake / flashlight / ladder / brush / spade / toolbox / watering can / wrench / magnet / telescope /
  magnifying glass / saw
container | round / woven / sturdy / clay / empty / deep / painted | fill / carry / open / decorate | box / basket /
  jar / bag / bowl / cup / pot / suitcase / backpack / lunchbox / vase / purse / bottle / barrel / treasure chest /
  teapot / mug / pitcher
art | bright / beautiful / pretty / painted / messy / splendid | finish / paint / show | picture / painting / drawing
  / postcard / sketch / collage / clay pot / mask / poster / puppet / mosaic
household | old / antique / bright / broken / curious / elegant / squeaky | fix / clean / use | clock / lamp / mirror
  / umbrella / chair / lantern / candle / fan / radio / camera / rocking chair / stool / music box / picture frame /
  cushion / tablecloth / rug
game | tricky / difficult / new / clever / wooden / colorful | play with / share / solve | puzzle / game / deck of
  cards / jigsaw / board game / chess set / domino set / jump rope / maze / dollhouse / toy castle / toy farm /
  building set / kaleidoscope
"""

ANY_THING = """old / new / lovely / beautiful / special / wonderful / funny / favorite / unusual / ordinary /
  amazing / ugly"""

FOODS = """
cookies / apple pie / pancakes / chocolate cake / pizza / ice cream / strawberries / soup / spaghetti / sandwiches
  / popcorn /
bananas / cheese / muffins / noodles / watermelon / grapes / cupcakes / oatmeal / blueberry muffins / macaroni /
  fried rice /
tomato soup / mashed potatoes / raspberries / toast with jam / waffles / yogurt / peaches / scrambled eggs /
  chicken soup /
corn on the cob / meatballs / plums / peanut butter sandwiches / pumpkin pie / lemon cake / tacos / dumplings /
  cinnamon rolls /
cherry pie / apricot jam / gingerbread / pickles / baked beans / bean stew / coconut cake / lentil soup / crackers
  / pretzels /
mango slices / omelets / pears / porridge / pudding / roast chicken / salad / vanilla custard / walnut bread /
  zucchini cake /
carrot cake / fish and chips / onion rings / kiwis / melon / mushroom risotto / banana bread / raisin buns /
  rhubarb crumble
"""

# relative | pronoun
RELATIVES = """
mother | she
father | he
grandmother | she
grandfather | he
aunt | she
uncle | he
big sister | she
big brother | he
"""

# job | what the person was doing
JOBS = """
baker | knead dough / decorate a cake / carry loaves of bread
farmer | milk the cows / drive a tractor / stack hay
teacher | correct homework / write on a chalkboard
doctor | pack a leather bag / bandage a knee
gardener | trim the hedges / plant tulips / rake leaves
police officer | direct the traffic / write a report
firefighter | polish a fire truck / roll up a hose
mail carrier | deliver letters / sort packages
librarian | stack books / stamp library cards
fisherman | mend a net / bait a hook / scrub a boat
painter | mix paints / sketch the clouds
musician | tune a fiddle / hum a melody
sailor | tie knots / fold a sail
shopkeeper | arrange apples / count coins / sweep the doorstep
carpenter | saw planks / sand a table
cook | peel onions / stir a big pot
tailor | sew buttons / measure cloth / thread a needle
nurse | fold towels / check a thermometer
shoemaker | stitch boots / hammer tiny nails
clockmaker | wind a clock / oil tiny gears
beekeeper | fill jars with honey / inspect the hives
bus driver | wash the windows of a bus / collect tickets
blacksmith | shape a horseshoe / light the forge
inventor | draw plans / test a strange machine
potter | shape a clay bowl / glaze a vase
pilot | study a map / check a propeller
mechanic | fix an engine / change a tire
park ranger | put up a sign / feed the deer
scientist | measure the rain / look through a microscope
street sweeper | sweep the gutters / push a cart
magician | shuffle cards / pull scarves from a hat
lighthouse keeper | polish the great lamp / climb the spiral stairs
weaver | spin wool / dye yarn
plumber | repair a pipe / tighten a faucet
dentist | read a newspaper / eat an apple
knight | polish a shield / brush a horse
"""

ELDER_WORK = """gather firewood / sweep the path / nap in the sun / sip tea / stir a pot of soup / knit a scarf /
  read a newspaper /
count the clouds / mend a fence / hang up laundry / pick mint leaves / whittle a stick"""

TRAITS = """happy / kind / brave / curious / clever / shy / gentle / cheerful / quiet / playful / funny / careful
  / lazy / stubborn /
polite / lively / friendly / clumsy / thoughtful / helpful / silly / messy / adventurous / patient / proud /
  dreamy /
mischievous / bold / forgetful / energetic / chatty / generous / nervous / sleepy / hopeful / smart / honest /
  impatient /
imaginative / bashful / daring / noisy / serious / grumpy / jolly"""

LOOKS = """little / small / young / tall / curly-haired / freckled / tiny"""
ANIMAL_LOOKS = """little / small / young / fluffy / tiny / round / spotted / plump / long-legged / bright-eyed /
  fuzzy / skinny"""
BEAST_LOOKS = """little / tiny / small / baby / young / lonely / sleepy / hungry / friendly / old / frightened /
  lost / clever"""

HOMES = """house / cottage / apartment / cabin / farmhouse / brick house / houseboat / tower / bungalow /
  trailer / mansion /
treehouse / log cabin / stone cottage / hut / windmill / castle / lighthouse"""
HOME_LOOKS = """small / cozy / little / tidy / warm / crooked / narrow / sunny / pretty / humble / messy / bright
  / leafy / secret /
snug / quiet"""

PASTIMES = """sing songs / draw pictures / look at the stars / collect leaves / tell jokes / dance in the rain /
  watch the sunrise /
hum silly tunes / count the stars / whistle / make up stories / practice cartwheels / write poems / dig for
  treasure / juggle /
paint pebbles / stand on one leg / collect feathers / listen to the wind / do somersaults / play hide and seek /
  invent games /
make paper boats / talk to the moon / arrange stones / balance on logs / watch the ants / spin in circles / solve
  riddles /
press flowers / carve sticks / string beads / bake mud pies / name the clouds"""

PROVERBS = """Slow and steady wins the race / A kind word costs nothing / Every cloud has a silver lining /
If at first you fail, try again / Many hands make light work / A friend is worth more than gold / Look before you
  leap /
Small steps lead far / Where there is a will, there is a way / A smile opens every door / Sharing makes joy twice
  as big /
Rain makes the flowers grow / Patience is a treasure / Honesty is the best gift / Every day brings something new /
Never give up before supper / The early bird sees the sunrise / Good things come to those who wait"""

DREAMS = """pilot / singer / doctor / captain / teacher / painter / baker / firefighter / dancer / astronaut /
  gardener / magician /
explorer / drummer / inventor / juggler / detective / mayor / poet / chef / sailor / acrobat / king's messenger /
  scientist"""

# What is told of the hero at the start | how it comes back at the end
FACTS = """
{He} was [five/six/seven/eight] years old. | {theend}
{He} came from a big family. | [That evening/At supper], the whole family [heard the story/wanted to hear
  everything].
{He} had a very merry laugh. | And {hero} laughed {his} merry laugh[ all the way home/].
{Everyone} liked {him}. | {moral}.
{He} loved {hero.food} more than anything[ else/] in the world. | [That evening/For supper/Later], {hero} had
  {hero.food}, and [{he} ate every bite/it was the best meal of the week/{he} shared with everyone/nobody could stop
  smiling].
{His} favorite color was {hero.color}[, and even {his} bed was {hero.color}/]. | [At night/Before bed], {hero} drew a
  picture of everything, and [of course/naturally/as always] {he} colored it {hero.color}.
[Every morning/On quiet days/Most of all/After lunch], {he} liked to {hero.pastime}. | [The next morning/The next
  day/After a long rest], {hero} {hero.pastime:past} again, and [the world seemed brighter/everything felt new/{he}
  felt very lucky].
{He} always kept {keepsake:a} under {his} pillow. | At bedtime, {he} [held the {keepsake.noun} tight/took the
  {keepsake.noun} from under {his} pillow] and [told it everything/whispered good night/fell fast asleep].
{Hero.elder} [always/often] [said/told {him}], "{hero.proverb}." | {Hero} thought of {hero.elder}. "{hero.proverb},"
  {he} [said softly/whispered/murmured], and [now {he} knew it was true/{he} smiled in the dark].
{He} had a {pet} named {pet.name} that [slept on {his} bed/followed {him} everywhere/liked to sit on {his} head]. |
  When {he} [came home/got back/told the story at home], {pet.name} the {pet} [danced for joy/listened to every
  word/was waiting at the door].
When {he} grew up, {he} wanted to be {hero.dream:a}. | [Maybe/Perhaps] {hero} would be {hero.dream:a} one day, but
  [today/for now] {he} was [just happy to be {himself}/glad to be {hero.kind:a}/happy with how things were].
{He} had given a name to the brightest star in the sky: {hero.star}. | [When the moon came up/As the stars came
  out/That night], {hero} was [safe/snug/fast asleep/warm and happy] in the {home}, and the star called {hero.star}
  was shining above the roof.
"""

NEAR = """near the crossroads / not far from the village / at the end of a long road / at the foot of a mountain /
beside a tall tree / next to a stream / at the edge of the valley / behind a green hill / under three old pines /
by a bubbling spring"""

PET_KINDS = """ladybug / snail / cricket / beetle / guinea pig / hamster / lizard / moth / spider / caterpillar / worm
  / canary"""

# something to be afraid of | what {he} did about it before | what helps | the moment of courage
FEARS = """
the dark | slept with a lamp on / hid under the blanket every night | "The dark is only the day with its eyes
  closed," | {He} blew out the candle and counted to [ten/twenty]. The shadows were only [coats and chairs/leaves and
  branches]
thunder | covered {his} ears / crawled under the bed | "Thunder is only the clouds clapping their hands," | When the
  next [boom/rumble] came, {he} clapped back and [laughed/shouted hooray]
deep water | never put more than one toe in / stayed on the shore | "Lean back, and the water will carry you," | {He}
  took a deep breath, stepped in, and floated like [a leaf/a cork/a little boat]
high places | never climbed anything taller than a stool / held on to the ground | "Look at the sky and not at your
  feet," | Step by step, {he} climbed to the top of the [rock/tower/ladder] and [waved/looked around]
spiders | ran away from every web / checked every corner twice | "A spider is just a tiny weaver with too many legs,"
  | {He} knelt down and watched a spider spin [a web/a silver thread] until [sunset/it was done]
singing in front of others | only sang in the closet / hid behind the curtain | "Sing to one friendly face," | {He}
  stepped forward, closed {his} eyes, and sang the [first/whole] song without a single mistake
being alone | followed everybody around / cried when a door closed | "You can keep yourself good company," | {He} sat
  alone for a whole hour and [told {himself} a story/built a tiny village of sticks]. It was almost fun
strangers | hid behind the nearest tree / never said a word to anyone new | "A stranger is a friend whose name you do
  not know," | {He} walked up to the new neighbor and said hello in a [small/clear] voice
shadows | jumped at every shape on the wall / never looked behind {himself} | "Every shadow belongs to something
  ordinary," | {He} waved at {his} own shadow, and the shadow waved back
the old bridge | always took the long way around / closed {his} eyes near the river | "One plank at a time is
  enough," | {He} put one foot on the first plank, then on the second, and soon {he} was across
loud noises | plugged {his} ears with cotton / fled from every bang | "Make a noise yourself, and it will not seem so
  big," | {He} banged two pots together, louder than any noise before, and [giggled/bowed]
monsters | looked under the bed nine times a night / built a wall of pillows | "Monsters are afraid of brave hearts,"
  | {He} peeked under the bed and found nothing but [dust/an old sock/a lost marble]
"""

# what {he} should not do | what {he} did | what came of it | how it was mended | the lesson
LESSONS = """
tell lies | told everyone that a [wolf/giant/monster] was coming | When {he} really needed help, nobody believed
  {him} | told the truth to everyone | it is always better to tell the truth
be greedy | ate all the {food} without sharing | Soon {his} tummy hurt, and nobody wanted to sit with {him} | made a
  new batch and shared it all | sharing tastes sweeter than having it all
play with matches | lit a match to see it sparkle | The curtain began to smoke, and {he} screamed | promised never to
  touch fire again | fire is not a toy
wander off alone | went down a strange path | Before long, {he} did not know which way was home | held hands all the
  way back | it is wise to stay together
touch the wet paint | leaned against the fresh fence | There was a big stripe across {his} back and a hole in the
  paint | painted the whole fence again | it pays to be patient
make fun of others | laughed at {friend} because of {friend.his} squeaky voice | {Friend} stopped talking, and the
  whole day became gray and quiet | said sorry and asked {friend} to sing | unkind words hurt, and kind words heal
skip chores | left the dishes in the sink and ran outside | The dishes began to smell, and there was no clean plate
  for dinner | scrubbed every single plate | work comes before play
stay up late | read under the covers until midnight | The next day, {he} fell asleep in the middle of everything |
  went to bed when the sun went down | everyone needs a good sleep
boast | bragged that {he} could [jump over the river/beat anyone at running] | {He} landed in the mud with a splash,
  and everybody saw it | laughed about it and asked for help | it is better to do than to boast
take things without asking | took the {thing} that belonged to {friend} | {Friend} looked everywhere and began to cry
  | gave it back and begged for forgiveness | asking first is the right thing to do
litter | dropped wrappers and peels all over the place | {Beast:a} got tangled in the trash and could not move |
  freed the {beast.noun} and picked up every scrap | a clean world is a happy world
slam doors | stormed out and slammed the door | The {vase} on the shelf wobbled, fell, and broke | glued the pieces
  together | anger breaks more than it fixes
tease animals | pulled the tail of a sleepy {beast.noun} | The {beast.noun} nipped {him} on the finger and ran off |
  left a bowl of food on the step and waited quietly | gentle hands make friends
be late | stopped to look at every flower on the way | By the time {he} got there, the fun was over and the chairs
  were stacked | got up with the sun the next day | friends should not be kept waiting
"""

# what is built | first material | second material | how | last touch
BUILDS = """
treehouse | planks | nails | [hammer/saw] and measure | a rope ladder
sand castle | wet sand | pebbles | [dig/pat] and scoop | a flag made from a leaf
snowman | snow | buttons | [roll/stack] and pat | a crooked carrot nose
raft | logs | rope | [tie/drag] and knot | a sail made from an old sheet
birdhouse | boards | straw | [saw/glue] and sand | a round door
fort | blankets | chairs | [stack/drape] and tie | a secret password
dam | sticks | mud | [pile/push] and press | a tiny water wheel
scarecrow | straw | old clothes | [stuff/tie] and button | a floppy hat
robot friend | cans | wires | [screw/twist] and hammer | two shiny eyes
doghouse | bricks | tiles | [stack/measure] and hammer | a name painted above the door
swing | rope | boards | [knot/hang] and test | a soft cushion
go-cart | wheels | crates | [bolt/hammer] and push | a loud horn
bridge | branches | vines | [weave/tie] and carry | a railing of twigs
telescope | tubes | glass | [roll/tape] and polish | a stand with three legs
puppet theater | cardboard | curtains | [cut/fold] and paint | a row of tiny lights
pizza oven | bricks | clay | [stack/smear] and smooth | a chimney
boat | barrels | canvas | [roll/nail] and paint | a name in big letters
lantern tower | jars | candles | [stack/light] and balance | a star on the top
tent | poles | cloth | [stretch/tie] and fold | a welcome sign
windmill | paper | sticks | [fold/pin] and spin | a tail that turned with the wind
"""

# animals in trouble | the trouble | the remedy | what it did in return
TROUBLES = """
kitten / squirrel / raccoon | was stuck in a tall tree and could not get down | leaned a ladder against the trunk and
  climbed up slowly | curled up in {his} lap / licked {his} hand
bird / sparrow / pigeon | had hurt its wing on a thorn | wrapped the wing in a soft cloth and fed it seeds | sang a
  song every morning / brought {him} a feather
puppy / dog / lamb | had fallen into a ditch full of mud | reached down with a long branch and pulled with all {his}
  might | followed {him} everywhere / danced around {him}
hedgehog / mouse / rabbit | was caught in a tangle of wire | snipped the wire and loosened the knot | showed {him}
  where the best berries grew / left a nut on {his} doorstep
turtle / beetle / ladybug | was lying on its back and kicking its legs | turned it over with one gentle push |
  blinked twice to say thank you / wobbled along beside {him}
duck / goose / swan | had a string around its foot | untied the string very gently | led {him} to a secret nest /
  splashed for joy
fish / crab / starfish | was trapped in a puddle far from the water | carried it to the water in a bucket | made a
  big splash / blew a stream of bubbles
bee / butterfly / dragonfly | was caught in a sticky web | freed it with a blade of grass | landed on {his} nose /
  painted circles in the air
deer / pony / goat | had its head stuck in the fence | spread the bars apart with a plank | let {him} ride on its
  back / nuzzled {his} cheek
owl / woodpecker / parrot | had lost its nest in the storm | wove a new nest of twigs and moss | kept watch over
  {him} at night / taught {him} a new tune
snail / caterpillar / ant | was about to be washed away by the rain | made a bridge from a leaf | waved its tiny
  feelers / wrote thank you in the dust
"""

# a skill | how to try it | the first failure | the second failure | the secret
SKILLS = """
ride a bicycle | climb on and push the pedals | tipped over into a bush | wobbled straight into the mailbox | Look
  ahead and keep pedaling
swim | kick and paddle | swallowed a mouthful of water | sank like a stone | Breathe out slowly and kick your legs
whistle | purse {his} lips and blow | made a sound like a leaky tire | sprayed crumbs everywhere | Wet your lips and
  think of a bird
skate | push off with one foot | landed on {his} bottom | spun around and hugged a lamppost | Bend your knees and
  trust your feet
juggle | throw three apples in the air | dropped all of them | bumped {his} nose with an apple | Start with one and
  be patient
tie knots | loop the string around | tangled {his} fingers | tied {himself} to the chair | Make a little loop like a
  rabbit ear
bake bread | mix flour and water | made it as hard as a brick | burned it to a black lump | Give the dough time to
  rise
play the drums | tap a slow beat | dropped both sticks | scared away the pigeons | Listen to your own heart and
  follow it
paint | dip the brush in the paint | spilled the whole jar | painted {his} own nose | See the shapes before you paint
  them
read | sound out the letters | mixed up every letter | read the page upside down | Take one word at a time
dance | hop to the left and twirl | tripped over {his} own feet | knocked over a chair | Let the music do the
  counting
do a headstand | put {his} hands on the ground and kick | rolled into a bush | fell flat with a thump | Keep still
  and look at one spot
row a boat | pull on both oars | went around in circles | splashed everyone on the shore | Pull both oars together
climb a rope | grip it and pull | slid right back down | dangled upside down | Use your legs as much as your arms
do magic tricks | hide a coin in {his} sleeve | dropped the coin on the floor | lost the coin in a cake | Make them
  look at the other hand
catch a ball | hold out both hands | closed {his} eyes and missed | caught it with {his} nose | Watch the ball all
  the way
"""

# what happens | how it begins | what it is like | how it ends
WEATHERS = """
storm | Dark clouds rolled in, and the wind began to howl | Rain hammered on the roof and lightning flashed | a
  rainbow stretched across the sky
blizzard | Snowflakes began to fall, first a few and then thousands | The snow rose higher than the doors |
  everything sparkled like sugar
fog | A thick gray fog crept over everything | It was so thick that nobody could see their own feet | the sun melted
  the fog away
flood | It rained and rained until the stream was as wide as a road | Water trickled under the doors | the water
  sank, and the mud dried
heat wave | The sun burned hotter than ever | The grass turned yellow and even the flies were tired | a cool breeze
  came at last
strong wind | A wild wind came over the hill | Hats and leaves and laundry sailed through the air | the trees stood
  still again
hailstorm | Little balls of ice began to rattle on the ground | The hail bounced like marbles | the ice melted into
  tiny streams
drought | For weeks there was not a single drop of rain | The well was dry and the plants were thirsty | big, soft
  raindrops fell
frost | One night, the whole world froze | Icicles hung from every branch, and every nose was red | the ice dripped
  away in the sun
"""

# occasion | whom for | first preparation | second preparation | the problem | the rescue
PARTIES = """
birthday party | hang up paper lanterns | bake a huge cake | The cake slid off the table and landed on the floor |
  They piled up pancakes and stuck the candles in them
picnic | pack sandwiches | spread a checkered blanket | Ants marched over the blanket and into the basket | They
  moved the feast up onto a wide branch
costume party | sew funny costumes | cut out paper masks | {Friend} came in the very same costume | They pretended to
  be twins all evening
farewell party | write a goodbye song | tie ribbons to the chairs | Everyone was too sad to sing | {Hero} told a
  joke, and soon all of them were laughing
harvest party | carve pumpkins | stack up baskets of apples | The lights went out just before the music began | They
  lit candles inside the pumpkins
tea party | polish the cups | cut tiny sandwiches | The teapot cracked, and the tea ran away | They drank lemonade
  out of the teacups instead
dance party | sweep the floor | tune the fiddles | A string snapped, and the music stopped | They clapped and
  stomped, and that was music enough
welcome party | paint a banner | pick fresh flowers | The banner blew away in the wind | Everyone held up one painted
  letter
garden party | hang garlands in the trees | squeeze lemons | It began to pour | They danced in the puddles under big
  umbrellas
surprise party | cut out paper stars | blow up balloons | A balloon popped too early | Everyone jumped out and
  shouted surprise anyway
"""

# the seed | the plant | trouble | what protects it | what it gives
PLANTS = """
pumpkin seed | pumpkin | snails | put a ring of sand around it | pumpkin pie
bean | beanstalk | crows | hung up shiny spoons | a basket of beans
sunflower seed | sunflower | strong winds | tied it to a stick | a thousand seeds
apple pip | apple tree | frost | covered it with a blanket | sweet red apples
tulip bulb | tulip | moles | buried a ring of pebbles | a petal as soft as silk
acorn | oak tree | hungry goats | wove a fence of twigs | cool shade
strawberry plant | strawberry patch | blackbirds | spread a net above it | a bowl of strawberries
cherry stone | cherry tree | caterpillars | carried every one to the hedge | cherry jam
watermelon seed | watermelon vine | a dry spell | brought water from the well | the juiciest melon of all
rose cutting | rosebush | greenfly | invited the ladybugs | a rose for everyone
carrot seed | row of carrots | rabbits | planted clover for the rabbits instead | crunchy carrots
mystery seed | plant with blue flowers | weeds | pulled them out each morning | flowers that glowed at night
"""

# strange sound | first guess | second guess | the truth | where
NOISES = """
thump | a monster with heavy boots | a falling star | a rabbit drumming on an empty box
creak | a ghost on the stairs | a pirate with a wooden leg | a branch rubbing against the window
whoosh | an invisible dragon | a giant blowing out a candle | a flag flapping in the wind
tap, tap, tap | a secret message | a tiny blacksmith | a woodpecker looking for lunch
squeak | a rusty robot | a singing shoe | a nest of newborn mice
drip, drop | a crying cloud | a leaky ship | a faucet that nobody had closed
crunch | a hungry troll | somebody walking on bones | a hedgehog eating an apple
jingle | a runaway sleigh | a hidden treasure | a cat with a bell on its collar
rustle | a thief in the leaves | a giant snake | a family of sparrows taking a bath
moan | a lost spirit | a sad giant | the wind in an empty bottle
splash | a sea monster | a falling moon | a frog learning to dive
snore | a sleeping volcano | a bear in the cupboard | an old dog behind the sofa
"""

# what {he} wished for | what went right | what went wrong | what {he} learned
WISHES = """
to be as tall as a tree | {He} could see far over the hills | {He} could not fit through {his} own door | being small
  has its good sides
to have all the candy in the world | Candy rained from the sky | {His} teeth hurt, and {his} legs stuck to the ground
  | enough is better than too much
to be invisible | {He} could tiptoe past everyone | Nobody waved at {him} or said good night | it is good to be seen
to talk with the animals | The ants told {him} funny gossip | The birds chattered all night, and {he} could not sleep
  | quiet can be a gift
that it would always be summer | {He} swam and played in the sun | The flowers wilted, and there was no snow to slide
  on | every season has its time
to turn everything into gold | {His} spoon and {his} bed began to shine | {His} soup turned to gold too, and {he} got
  hungry | gold cannot be eaten
to never go to bed | {He} danced under the moon | {His} eyes drooped, and everything felt gray | sleep is a friend
to be the strongest of all | {He} lifted a wagon with one finger | {He} broke every cup {he} touched | gentle hands
  are strong hands
to fly | {He} soared above the rooftops | The wind blew {him} far away from {his} friends | home is the best place to
  land
to be grown up | {He} could stay out as long as {he} liked | {He} had to work all day and had no time to play |
  growing takes its time
"""

# contest | how to get ready | during | the prize
CONTESTS = """
race | run around the pond each morning | raced down the track | ribbon
baking contest | try new recipes | whipped and stirred and frosted | silver whisk
singing contest | sing scales to the chickens | sang high and low | songbook
sledding race | wax the sled | zoomed down the slope | woolly hat
drawing contest | sketch every day | drew until every pencil was short | box of crayons
spelling contest | learn ten words a day | spelled one long word after another | dictionary
kite contest | repair the strings | let out more and more string | spool of golden thread
jumping contest | jump over buckets | leaped across the ditch | medal
treasure hunt | study old maps | followed one clue after another | little chest
talent show | practice in front of the mirror | performed on the big stage | bouquet
boat race | patch the sail | rowed with all {his} strength | captain's hat
pie-eating contest | eat very slowly at breakfast | munched and gulped | giant spoon
"""

# ways to travel: vehicle | how one goes with it | what it does | what happens underway
TRIPS = """
train | rattle | puffed over the bridge | A herd of sheep blocked the tracks
bus | rumble | climbed up the steep road | A tire went flat with a bang
boat | sail | rocked on the waves | The wind stopped, and everything was still
hot-air balloon | drift | rose above the treetops | A flock of geese tried to land in the basket
wagon | roll | bumped along the dusty road | One wheel fell off and rolled away
sleigh | glide | slid through the silent snow | A snowdrift swallowed the path
rowboat | float | splashed down the stream | The oars slipped into the water
truck | bounce | growled up the hill | The road was covered in mud
ferry | cruise | tooted across the bay | Thick fog hid the shore
carriage | trundle | rolled past the fields | The horse stopped to eat some flowers
"""

# Rules: `{name}` in a template draws one of these.
RULES = {
    "once": """Once upon a time, / Long ago, / Once, / Many years ago, / In a faraway land, / Not so long ago, /
        One spring, / Some time ago,""",
    "oneday": """One day, / One morning, / One sunny day, / One afternoon, / One windy morning, / On a bright
    Saturday, /
        Early one morning, / One summer day, / On a cloudy Monday, / One chilly day, / On a quiet Sunday, / One
        autumn afternoon, /
        On a warm Tuesday, / One day in spring, / Last Friday, / On the first day of the holidays,""",
    "then": """then / soon, / after a while, / just then, / suddenly, / a moment later, / at that moment, / all at
    once, /
        before long, / a little later,""",
    "finally": "At last, / Finally, / In the end, / After a long time, / When the sun was low, / After many tries,",
    "said": "said / said / whispered / called / murmured / declared / announced / remarked",
    "sighed": "cried / sighed / said / groaned / wailed / moaned / gasped / sobbed / whimpered",
    "replied": "replied / said / answered / called",
    "cried": "cried / shouted / said / yelled / exclaimed / called / gasped / blurted",
    "cheered": "cried / cheered / laughed / exclaimed / squealed / shouted / whooped / sang",
    "asked": "asked / said / wondered / inquired",
    "smile": """smile / nod / laugh / grin / giggle / clap / jump for joy / beam / chuckle / cheer / sigh happily /
        twirl around / wink / blush / hum / bow""",
    "sadly": """sadly / quietly / softly / with a sigh / in a small voice / with wet eyes / glumly / miserably /
    anxiously""",
    "kindly": """kindly / gently / softly / warmly / with a smile / calmly / cheerfully / wisely / tenderly /
    patiently""",
    "adverb": """slowly / carefully / quickly / quietly / bravely / eagerly / gently / happily / silently / proudly
    / gracefully / clumsily""",
    "sad": """sad / upset / worried / unhappy / lonely / disappointed / heartbroken / gloomy / miserable /
    troubled / ashamed /
        discouraged / downcast""",
    "happy": """happy / glad / proud / excited / delighted / cheerful / thrilled / joyful / thankful / pleased /
    overjoyed / relieved /
        merry / grateful / content / ecstatic""",
    "scared": "scared / afraid / frightened / nervous / terrified / startled / alarmed / shaky / timid",
    "afraid": "afraid / scared / frightened / terrified",
    "tired": "tired / sleepy / hungry / exhausted / worn out / weary / out of breath / thirsty",
    "good": """good / wonderful / great / clever / lovely / splendid / marvelous / fine / excellent / brilliant /
    fantastic / perfect / delightful""",
    "oh": "Oh no / Oh dear / Oops / Goodness / Alas / Help / Oh my / Good heavens / Yikes",
    "wow": """Wow / Look / Hooray / Oh my / Hurray / Yay / Amazing / Yippee / My goodness / Bravo / Fantastic /
    Incredible / Hurrah""",
    "yes": "Yes / Of course / Sure / Certainly / Gladly / With pleasure / Okay / Absolutely / You bet / Why not",
    "thanks": """Thank you so much / Thank you / Thanks a lot / You are very kind / How can I ever thank you / I
    will never forget this /
        You are a true friend / A thousand thanks""",
    "trait": TRAITS,
    "color": COLORS,
    "size": SIZES,
    "quality": ANY_THING,
    "child_look": LOOKS,
    "animal_look": ANIMAL_LOOKS,
    "beast_look": BEAST_LOOKS,
    "friend_look": """friendly / shy / new / quiet / funny / cheerful / nice / polite / lonely / merry / talkative /
        tall""",
    "tie": "friend / best friend / cousin / neighbor / classmate / little cousin / old friend / playmate",
    "helper_look": """kind / old / friendly / wise / cheerful / busy / gentle / gruff / strong / white-haired /
        jolly / retired""",
    "elder": """grandfather / grandmother / great-aunt / old neighbor / cousin / godmother / teacher / oldest
        friend""",
    "star": """Spark / the Night Lamp / Lantern / Twinkle / Old Silver / Glimmer / the Little Candle / Blinky /
        Captain / Snowflake / the Eye of the Night""",
    "elder_work": ELDER_WORK,
    "home_noun": HOMES,
    "home_look": HOME_LOOKS,
    "near": NEAR,
    "pastime": PASTIMES,
    "pet_kind": PET_KINDS,
    "proverb": PROVERBS,
    "dream": DREAMS,
    "child_moves": "run / walk / hurry / skip / race / stroll / wander / march / jog / dash / tiptoe / stomp",
    "smell": """flowers / fresh bread / rain / cut grass / honey / pine needles / salt and seaweed / cinnamon / warm
    earth / wood smoke / mint""",
    "sky": """the sun was shining / the sky was blue / a soft breeze was blowing / birds were singing / it was
    warm and bright /
        clouds drifted by / the air smelled of {smell} / dew glittered on the grass / the leaves were turning
        yellow /
        a light rain had just stopped / bees hummed in the bushes / everything was still / the puddles were
        shining like mirrors""",
    "vase": """vase / lamp / glass bowl / teapot / picture frame / clay pig / snow globe / mirror / jar of buttons /
    china plate""",
    "time": """an hour / a while / two hours / the whole morning / a long time / half a day / a few minutes / the
    whole afternoon /
        what felt like forever""",
    "moral": """From that day on, {hero} knew that {lesson} / {Hero} had learned that {lesson} / And {hero} never
    forgot that {lesson} /
        That was how {hero} learned that {lesson} / Now {he} understood that {lesson}""",
    "lesson": """friends help each other / it is good to be kind / helping makes everyone happy / it pays to be
    patient / sharing is
        better than winning / little things can matter a lot / everyone is good at something / asking for help is
        brave /
        practice makes things easier / a true friend listens / courage grows when you use it / good ideas come
        from working together /
        mistakes are how we learn / kindness always comes back""",
    "theend": """They lived happily ever after. / It was the best day ever. / The end. / What a day it had been! /
        And everyone slept well that night. / It was a day that nobody would forget. / And they are still friends
        today.""",
    "opening": """{once} there was {hero.intro:a}. {fact.start} [{Hero.he} was [very/always/a bit] {hero.trait}.//] /
        {Hero} was {hero.plain:a} who lived in {home:a} {home.near}. {fact.start} /
        {once} {hero.intro:a} lived in {home:a} {home.near}. [{Everyone} knew that {hero} was {hero.trait}./]
        {fact.start} /
        There once was {hero.trait:a} {hero.kind} named {hero}. {fact.start} /
        There was once {hero.intro:a}, who was [always/very/rather/known to be] {hero.trait}. {fact.start} /
        {Hero} [was/had always been] {hero.trait:a} {hero.kind}. {fact.start}""",
    "everyone": "everyone / everybody / the whole village / the whole neighborhood",
    "went": """{Hero} {hero.moves:past} to the {place.noun} / {Hero} went to the {place.noun} / {Hero} was {place} /
        {Hero} decided to visit the {place.noun}""",
    "scenery": """[{Sky}./] [All around, there were {place.sights}./{Hero} saw {place.sights}./{Hero} looked at
    {place.sights}./]
        / {Hero} {place.fun:past} [for {time}/until {he} was {tired}]. / {Sky}, and {hero} felt {happy}. / {Sky}.
        {Hero} {place.fun:past} {adverb}.""",
    "together": """They {place.fun:past} [together/and laughed/until sunset/side by side]. / They {play:past} and
    {place.fun:past}. /
        They {play:past} for {time}. / Together they looked at {place.sights}. / They shared {hero.food} and
        {play:past}.""",
    "play": """play hide and seek / run around / tell stories / sing songs / laugh a lot / play tag / climb trees
    / invent games / race down the path /
        jump rope / build towers / play pirates / dance in circles / wrestle / chase butterflies / share secrets /
        make silly faces""",
    "interlude": """
        [On the way/Along the path], {he} met {beast:a}. "[Hello/Good morning/Hi there], {beast.noun}!" {said}
        {hero}. The {beast.noun}
        {beast.voice:past} and {beast.moves:past} away.
        / [{Hero} stopped to {rest}./{Hero} was {tired}, so {he} sat down to {rest}.]
        / {Beast:a} {beast.moves:past} past. "[Wait for me/Where are you going/Come back]!" {cried} {hero}, but
        the {beast.noun}
        only {beast.voice:past}.
        / {Hero} {stumble:past}, but {he} got up and went on.
        / {Beast.noun:a} {beast.voice:past} [somewhere/in the distance/softly/loudly]. {Hero} {listen:past}.""",
    "rest": """eat {hero.food} / rest in the shade / drink some water / catch {his} breath / tie {his} bootlace /
    watch the clouds / nap for a bit /
        share {hero.food} with {beast:a}""",
    "stumble": """trip over a root / slip on a wet leaf / step in a puddle / bump {his} knee / lose {his} balance
    / tumble into the grass /
        get stuck in the mud / scrape {his} elbow / stub {his} toe""",
    "listen": """listen / stop and listen / smile / wave / wonder what it meant / answer with a whistle / tilt {his}
    head""",
    "search": """look {place.spots} / search {place.spots} / peek {place.spots} / crawl around {place.spots} /
    feel around {place.spots}""",
    "praise": """"You did it!" / "I am so proud of you!" / "That was {good}!" / "{wow}! What {good:a} job!" / "I
    knew you could do it!" /
        "You are [braver/stronger/smarter] than you think!" """,
    "food": FOODS,
    "sky_night": """the moon was full / stars twinkled overhead / owls were hooting / a cold wind blew /
    everything was dark and still /
        clouds hid the moon / bats swooped through the air""",
    "signpost": """a signpost / the moon / an old scarecrow / the wind / a statue / an echo / a sleeping cow / a
    weathervane""",
    "waymark": """the stream / the railway / the row of poplars / the stone wall / the red fence / the yellow
    arrows / the tallest chimney /
        the broken fence / the old canal / the smell of {smell} / the church bells / the cobblestone street / the
        ruined tower / the orchard
        path / the blue gate / the crooked signpost / the hollow tree / the white rocks""",
}

# name: (table of the role `row` or nothing, text with a blank line between paragraphs)
PLOTS = {
    "lost thing": (
        "",
        """
        {opening} {Hero} had {thing:a}. {He} loved to {thing.use} it [every day/all day long/whenever {he} could].

        {oneday} {hero} took the {thing.noun} along and {hero.moves:past} to the {place.noun}. [{scenery}///] But
        when {he} wanted to {thing.use} the {thing.noun}, it was gone! "{oh}! Where is my {thing.noun}?" {sighed}
        {hero}. [{Hero} {search:past} and {search:past}, but it was not there./{Hero} {search:past}./]
        [{interlude}///]

        {Then} {friend.full} came by. "[What's wrong/Why are you so {sad}/What are you looking for]?" {friend}
        {asked}. "I lost my {thing}," {replied} {hero}[ {sadly}/]. "[Don't worry/Cheer up/Dry your tears]. I'll help
        you [look/find it]," {said} {friend}.

        {finally} they {search:past}, and there it was! [{Beast:a} was [sleeping/sitting] on it./It was covered with
        leaves./It was a bit dirty, but not broken./] "{wow}! You found my {thing.noun}!" {cheered} {hero}.
        "{thanks}, {friend}!" Then they {thing.use:past} it together. [{moral}./{fact.back}/{theend}]
        """,
    ),
    "new friend": (
        "",
        """
        {opening} But {hero} had nobody to play with[, and [sometimes/often] {he} felt {sad}/].

        {oneday} {went}. [{scenery}///] There {he} saw {friend.intro:a}. {Friend} was all alone and held {thing:a}.
        [{Hero} was too shy to speak at first./{Hero} wanted to say hello, but {his} voice was gone./{Hero} took a
        deep breath./]

        "[Hello/Hi/Good morning], my name is {hero}," {he} {said} [at last/quietly/bravely]. "What's your name?" "I'm
        {friend}," {replied} the {friend.kind}. "[I'm new here/I don't know anyone here/We moved here yesterday]. Do
        you want to {thing.use} my {thing.noun}?" "{yes}!" {cried} {hero}. {together} [/{Friend} told {hero} about [a
        faraway town/{friend.his} old home/{friend.his} brothers and sisters]./{Hero} told {friend} a
        [silly/funny/long] joke, and they laughed until their tummies hurt./]

        When it was time to go, {friend} {asked}, "Will you come back tomorrow?" "{yes}," {replied} {hero}. "I'll be
        {place} every day!" [{Hero} {hero.moves:past} home and felt {happy}./] Now {he} had a friend with {thing:a},
        but the friend was the best part. [{fact.back}/{theend}]
        """,
    ),
    "lesson": (
        "lesson",
        """
        {opening} {Adult} often said, "Remember, {hero}, [never {row.not}/it is wrong to {row.not}/you should not
        {row.not}]." But {hero} did not [listen/care/want to hear it].

        {oneday} {went}. [{scenery}///] {Friend.full} was there, too. {Then} {hero} {row.did}. "[Stop/Wait/Don't do
        that], {hero}!" {cried} {friend}, but it was too late. {row.result}. [{Hero} felt {sad}./{Hero} wished that
        {he} had listened./{Hero} did not know what to do.//]

        {Hero} {hero.moves:past} to {adult} and told {adult.him} everything. ["I'm sorry," {he} {said} {sadly}./]
        [{Adult} hugged {him}./] "[What can you do to make it right/How will you fix it/What will you do now]?"
        {asked} {adult}. {Hero} thought for {time}. Then {he} {row.mend}. [{Friend} {smile:past}./]

        From that day on, {hero} knew that {row.moral}. [{fact.back}/{theend}/]
        """,
    ),
    "building": (
        "build",
        """
        {opening} {oneday} {hero} and {friend.full} were {place}. [{scenery}///] "[I have an idea/I know what to
        do/Listen]!" {cried} {hero}. "Let's build {row.what:a}!" "{yes}!" {replied} {friend}. "But what do we need?"

        {Hero} found {row.first} {place.spots}, and {friend} brought {row.second}. They began to {row.how}.
        [{interlude}///] {Then} the {row.what} [leaned to one side and fell down/came apart/began to shake, and half
        of it broke]. "{oh}! [It is ruined/We will never finish/It is too hard]!" {sighed} {friend}.

        "[Never mind/Don't give up/We can try again]," {replied} {hero}. "This time we'll use more {row.second}." So
        they started over[, and they were very careful/]. [{Adult} came to help, and {beast:a} watched./{Beast:a}
        watched them for {time}./]

        {finally} they added {row.last}. The {row.what} was {good}! [{praise} {said} {adult} {kindly}./] {Hero} and
        {friend} {smile:past}. [That evening, they sat by the {row.what} and shared {hero.food}./]
        [{moral}./{fact.back}/{theend}]
        """,
    ),
    "rescue": (
        "trouble",
        """
        {opening} {oneday} {went}. [{scenery}///] {Then} {he} heard a sound[. It came from somewhere {place.spots}/].
        {Hero} {hero.moves:past} closer and found {beast:a}. The poor {beast.noun} {row.trouble}!

        "[Help me/Please help me/I need help], please!" the {beast.noun} {beast.voice:past}. "[Don't be afraid/Hold
        on/Stay calm], little {beast.noun}," {replied} {hero} {kindly}. "I'll help you." [But {hero} could not do it
        alone, so {he} called {friend.full}. {Friend} came at once./{Hero} looked around and thought hard./{He} was a
        little {scared}, but {he} did not run away.] Then {hero} {row.remedy}. [It took {time}./It was not easy./]

        {finally} the {beast.noun} was safe. "{thanks}, {hero}!" it {beast.voice:past}. [Then it {beast.moves:past}
        [around {him} in a circle/off and came back again/up and down]./]

        [The next day/A week later/Not long after], the {beast.noun} came back and {row.reward}. [{moral}.
        {fact.back}/{Hero} felt {happy}. {theend}/{moral}./{fact.back}]
        """,
    ),
    "fear": (
        "fear",
        """
        {opening} [But there was one thing that {hero} did not like at all. {He} was {afraid} of {row.of}./But {hero}
        was {afraid} of {row.of}.] {He} {row.before}. [{Friend.full} laughed about it once, and that made {hero}
        {sad}./Nobody knew about it but {friend.full}.///]

        {oneday} {went}. There {he} met {helper:a}. The {helper.noun} was busy {helper.work:ing}. "[Are you
        {sad}/What is the matter/Why are you so {sad}]?" {asked} the {helper.noun}. "I'm {afraid} of {row.of},"
        {replied} {hero} {sadly}. [The {helper.noun} put {helper.his} work down./The {helper.noun} thought for
        {time}.//] {row.advice} {said} the {helper.noun} {kindly}. ["Remember that when you are {scared}."/]

        [That night/That evening/A few days later], {hero} remembered what the {helper.noun} had said. {His} heart
        was beating fast. {row.courage}! "{wow}! I did it!" {cheered} {hero}. "I'm not {afraid} any more!"

        [The next day/Early the next morning], {he} {hero.moves:past} back to the {helper.noun}. {praise} {said} the
        {helper.noun}. [{moral}./{fact.back}/{theend}]
        """,
    ),
    "trade": (
        "",
        """
        {opening} {Hero} had {thing:a}, but {he} was tired of it. What {he} really wanted was {thing3:a}.

        {oneday} {went}. [{scenery}/] There {he} met {friend.full}, who had {thing2:a}. "[What {good:a}
        {thing.noun}/I like your {thing.noun}]!" {said} {friend}. "Will you trade it for my {thing2.noun}?" {Hero}
        thought about it. "{yes}," {he} {replied}. So {friend} got the {thing.noun}, and {hero} got the
        {thing2.noun}.

        {Hero} {hero.moves:past} on with the {thing2.noun} until {he} met {helper:a}. "[I have been looking for/I
        have always wanted/I need] {thing2:a}!" {cried} the {helper.noun}. "I can give you {thing3:a} for it."
        ["{wow}!" {cheered} {hero}./"{yes}!" {replied} {hero}.] "That is just what I wanted!"

        {He} ran home with the {thing3.noun} and {thing3.use:past} it [all day/until bedtime/again and again]. [/But
        at night {he} missed the {thing.noun}. The next day, {friend} came and {said}, "Let's share. You can
        {thing.use} the {thing.noun} whenever you like." {moral}./{Friend} loved the {thing.noun}, and the
        {helper.noun} was [happy/glad/proud/delighted] to have the {thing2.noun}.] [{fact.back}/{theend}/]
        """,
    ),
    "party": (
        "party",
        """
        {opening} {oneday} {adult} {said}, "[Tomorrow/On Sunday/Next week] we will have {row.what:a} {place}!"
        [{Hero} was so {happy} that {he} [jumped for joy/danced around/could hardly wait/clapped]./]

        [There was a lot to do./] {Hero} helped to {row.first}, and {friend.full} came to {row.second}. [They also
        made {hero.food} for the guests./] ["It will be {good}!" {said} {friend}./] At last, the big day came. The
        guests brought [flowers/gifts/music/good wishes], and one of them brought {thing:a}.

        But [suddenly/then/just then/at the last moment] something went wrong. {row.problem}. "{oh}! What shall we
        do?" {sighed} {hero}. [{Everyone} was [sad/worried/upset/gloomy]./] "[Wait/I know/Listen]," {said} {friend}.
        "I have {good:a} idea." {row.rescue}.

        It was the [funniest/best/merriest/loudest] {row.what} ever. They {play:past}, and {everyone} got to
        {thing.use} the {thing.noun}. "{thanks}, {friend}," {said} {hero}. "You saved the {row.what}!" [{moral}.
        {fact.back}/{moral}./{fact.back}/{theend}]
        """,
    ),
    "weather": (
        "weather",
        """
        {opening} {oneday} {hero} and {friend.full} were {place}. [{scenery}/] They wanted to {thing.use} {thing:a}.
        {row.begins}. "[It is/Here comes/This must be] {row.what:a}!" {cried} {friend}. {row.during}.

        "[Quick/Hurry/Come on]! We must find a safe place," {replied} {hero}. They {hero.moves:past} off and hid
        {place.spots}. [/There sat {beast:a}, cold and {scared}. "[Come here/You can stay with us], little
        {beast.noun}," {said} {hero} {kindly}. The {beast.noun} {beast.voice:past} and snuggled up to them./{Friend}
        was {scared}, so {hero} held {friend.his} hand.] To pass the time, they shared {hero.food} and {play:past}.

        {finally} the {row.what} was over, and {row.ends}. [{Hero} and {friend} came out and looked around./]
        "{wow}!" {cheered} {friend}. [{Everyone} was safe./Nothing was broken./The air smelled of {smell}.//] Now
        they could {thing.use} the {thing.noun} at last. [After that, {hero} was never {afraid} of {row.what:a}
        again./{moral}./{fact.back}/{theend}]
        """,
    ),
    "skill": (
        "skill",
        """
        {opening} More than anything, {hero} wanted to learn to {row.what}. {Friend.full} could do it very well, but
        {hero} could not.

        {oneday} {hero} {hero.moves:past} to the {place.noun} to practice. [{Sky}./] {He} tried to {row.how}, but
        {he} {row.fail}. "{oh}!" {sighed} {hero}. {He} tried again, and this time {he} {row.again}. [{Hero} was so
        {sad} that {he} wanted to stop./"I'll never learn to {row.what}," {said} {hero} {sadly}./{Beast:a} saw it and
        {beast.voice:past}, and {hero} blushed.//]

        {Then} {friend} came by. "[I can help/Let me show you/I had to practice, too]," {said} {friend} {kindly}.
        "{row.secret}." {Hero} listened {adverb}. {He} practiced [on Monday, on Tuesday and on Wednesday/every
        morning for a week/day after day/until the moon came out]. [{interlude}///]

        {finally} {he} took a deep breath and tried once more. It worked! "{wow}! I can {row.what}!" {cheered}
        {hero}. {Adult} came to watch. {praise} {adult.he} {cheered}. [{moral}./Now {hero} could {row.what} as well
        as {friend}./{fact.back}/{theend}]
        """,
    ),
    "planting": (
        "plant",
        """
        {opening} {oneday} {hero} met {helper:a} {place}. The {helper.noun} gave {him} {row.seed:a}. "[Plant it/Take
        good care of it/Put it in the ground]," {said} the {helper.noun}, "and you will see something
        [wonderful/beautiful/lovely/amazing]."

        {Hero} dug a hole {place.spots} and put the {row.seed} in. Every day, {he} watered it and waited. [Nothing
        happened for {time}./One week passed, then two./{Friend.full} came to look. "Is it awake yet?" {asked}
        {friend}./] ["[Be patient/Give it time/Wait and see]," {said} {adult} {kindly}./] And one morning, there was
        a tiny green leaf! "{wow}! It is growing!" {cheered} {hero}.

        But then there was trouble with {row.trouble}. [{Hero} did not give up./] {He} {row.protect}. The plant grew
        and grew until it was {row.plant:a}.

        {finally} it gave them {row.gift}. {Hero} invited the {helper.noun} to see it. "[You were patient, and that
        is rare/All that from one {row.seed}/You took good care of it]," {said} the {helper.noun}. [{moral}.
        {fact.back}/{moral}./{fact.back}/{theend}]
        """,
    ),
    "noise": (
        "noise",
        """
        {opening} One night, {hero} was lying in bed when {he} heard a strange sound. "{Row.sound}!" it went. [{Hero}
        sat up. "{Row.sound}!" There it was again./] [{He} was {scared}, but also curious./]

        The next day, {he} told {friend.full} about it. "Maybe it is {row.first}," {said} {friend}. ["Or
        {row.second}," {replied} {hero}./] They took {thing:a} along to be safe.

        When it was dark, they {hero.moves:past} to the {place.noun}. [{Sky_night}./] They {search:past}.
        [Nothing./There was nobody there./] Then they heard it, very close. "{Row.sound}!" {Friend} grabbed
        {hero.possessive} hand. {Hero} held up the {thing.noun} and looked. It was only {row.truth}!

        They laughed [so hard that their tummies hurt/until they cried/and laughed]. "[I was so {scared}/I really
        thought it was {row.first}]," {said} {friend}. ["And I thought it was {row.second}," {replied} {hero}./]
        [//They {hero.moves:past} home, and {hero} put the {thing.noun} away./] From then on, {he} [slept
        well/smiled] whenever {he} heard a {row.sound} in the night. [{fact.back}/{theend}//]
        """,
    ),
    "gift": (
        "",
        """
        {opening} It was almost {adult.possessive} birthday. {Hero} wanted to find {good:a} present, but {he} had no
        money. ["What can I give {adult.him}?" {he} wondered./]

        {oneday} {he} {hero.moves:past} to the {place.noun} to think. There {he} saw {helper:a} {helper.work:ing}.
        "[Can/May] I help you?" {asked} {hero}. "{yes}," {replied} the {helper.noun}. {Hero} worked hard for {time}.
        [{interlude}///] "Here is something for you," {said} the {helper.noun}. It was {thing:a}!

        "{wow}! It is perfect for {adult.my}!" {cheered} {hero}. {He} [wrapped the {thing.noun} in {color} paper and
        hid it {place.spots}/wrapped the {thing.noun} in {color} paper].

        On the birthday, {adult} opened the present. {Adult.he} was so {happy} that {adult.he} [hugged/kissed]
        {hero}. "What {good:a} {thing.noun}! I will {thing.use} it every day. [Where did you get it/How did you find
        it]?" "I worked for it," {replied} {hero} {adverb}. [{praise} {said} {adult}.//] [{moral}./Then they ate
        {hero.food} together./{fact.back}/{theend}]
        """,
    ),
    "quarrel": (
        "",
        """
        {opening} {Hero.possessive} best friend was {friend.intro:a}. [They {play:past} together every day./]

        {oneday} they found {thing:a} {place.spots} {place}. "[It's mine/I saw it first]!" {cried} {hero}. "No, I
        want to {thing.use} it!" {cried} {friend}. They pulled and pulled. [/{Friend} fell down./{Hero} got very
        angry./The {thing.noun} almost broke.] "[You are mean/I'm not your friend any more/Leave me alone]!" {cried}
        {friend} and {friend.moves:past} home.

        Now {hero} had the {thing.noun}, but it was no fun to {thing.use} it alone. "[What happened/Why are you so
        {sad}/Where is {friend}]?" {asked} {adult}. {Hero} told {adult.him} about the fight. "{Thing.noun:a} cannot
        laugh with you," {said} {adult} {kindly}. "But a friend can."

        So {hero} took the {thing.noun} and {hero.moves:past} to {friend}. "I'm sorry," {said} {hero}. "You can have
        it today, and I can have it tomorrow." "I'm sorry, too," {replied} {friend}. "Let's {thing.use} it together."
        [{together}/] [{moral}./{fact.back}/{theend}]
        """,
    ),
    "way home": (
        "",
        """
        {opening} {oneday} {hero} was {place} with {thing:a}. [{scenery}/] {He} saw {beast:a} and followed it. The
        {beast.noun} {beast.moves:past} [farther and farther, until {hero} did not know where {he} was/away, and
        {hero} did not know the way back]. "{oh}! I'm lost!" {sighed} {hero}.

        [First, {he} asked {signpost}, but there was no answer. Then {he} met/There {he} met] {helper:a} who was
        {helper.work:ing}. "I'm looking for {home:a} {home.near}," {said} {hero}. [The {helper.noun} thought for
        {time}./] "[I have seen it/I know that place/It's not far]," {replied} the {helper.noun}. "Follow {landmark},
        and then turn [left/right] at {landmark2}."

        [{Hero} gave the {helper.noun} the {thing.noun} as a thank-you./] [{He} followed {landmark} and turned at
        {landmark2}./{Hero} did just that.] [{interlude}///] {finally} {he} saw {friend.full}, who had been looking
        for {him} everywhere. "{Hero}! There you are!" {cried} {friend} and gave {him} a big hug.

        {Hero} was [happy/glad/thankful/relieved/overjoyed] to be back in the {home}. [/{He} promised never to follow
        {beast.noun:a} again./And if you ever get lost, {hero} can tell you what to do./{moral}./{fact.back}]
        """,
    ),
    "wish": (
        "wish",
        """
        {opening} {oneday} {went}. [{scenery}/] {Then} {he} found {thing:a} {place.spots}. {Hero} rubbed it, and it
        began to glow! {Color:a} {beast.noun} came out of it. "[I am a magic {beast.noun}/Thank you for waking me],"
        it {beast.voice:past}. "You may have one wish."

        "{wow}!" {cheered} {hero}. "I wish {row.what}!" The {beast.noun} {beast.moves:past} around {him} three times,
        and it came true. {row.right}. [{Hero} felt {happy}./"This is {good}!" {he} {cried}.//]

        But [suddenly/then/soon/after a while] something went wrong. {row.wrong}. [{Friend.full} came by and looked
        {sad}./Even {friend.full} could not help./] {Hero} took the {thing.noun} and rubbed it again. "[Please take
        my wish back/I don't want this wish any more]," {he} {said}. "Now you are wise," {said} the {beast.noun}, and
        everything was as before.

        [{Hero} put the {thing.noun} back where {he} had found it./] {Hero} had learned that {row.moral}.
        [{fact.back}/{theend}]
        """,
    ),
    "contest": (
        "contest",
        """
        {opening} {oneday} {he} saw a poster {place}. "[Come to/Don't miss/Everyone is invited to] the great
        {row.what}!" it said. {Hero} wanted to win, and so did {friend.full}. [/Every day, {hero} practiced./Every
        day, {hero} tried to {row.ready}.] ["[You will never win/I'm much better than you/I always win]!" {said}
        {friend}./]

        The day of the {row.what} came. {Helper:a} was the judge. ["[Ready/Is everyone ready]? [Go/Begin]!" {cried}
        the {helper.noun}./] {Hero} {row.during}. {He} was ahead! But then {friend} [fell down/got hurt/began to cry]
        and could not go on. [{Hero} looked at the prize. Then {he} looked at {friend}./{Hero} stopped and thought
        for a moment.//]

        {He} turned around and helped {friend} up. "[Come on/Lean on me/Take my hand]," {said} {hero}. "We will
        finish together." They came in last, but {everyone} clapped.

        "The prize is {row.prize:a}," {said} the {helper.noun}, "and it goes to {hero}, for the kindest heart."
        ["{thanks}, {hero}," {said} {friend}./] {Hero} let {friend} hold the {row.prize}. [{moral}.
        {fact.back}/{moral}./{fact.back}/{theend}]
        """,
    ),
    "journey": (
        "trip",
        """
        {opening} {oneday} {adult} {cried}, "Pack your bag! We are going to the {place.noun} by {row.vehicle}."
        {Hero} packed {hero.food} and {thing:a}. ["{wow}! I have never been {place} before!" {cheered} {hero}./]

        They climbed in, and soon they began to {row.go} along. The {row.vehicle} {row.does}. [{Hero} looked out and
        saw {beast:a}. It {beast.voice:past} and {beast.moves:past} away./]

        {Then} the {row.vehicle} stopped. {row.trouble}! "{oh}! Now we will never get there," {sighed} {hero}.
        ["[Don't worry/Let's think/We need an idea]," {said} {adult} {kindly}./] {Hero} looked at the {thing.noun}.
        "[I know/I have an idea/Maybe this can help]!" {he} {cried}. And really, with the {thing.noun} and a little
        luck, they [got going/could go on] again.

        At last, they were {place}. [They saw {place.sights}, and/There] {hero} {place.fun:past}. [{He} even met
        {friend.intro:a}./] At sunset, they took the {row.vehicle} home. "What did you like best?" {asked} {adult}.
        "[The moment when we were stuck/Everything/That the {thing.noun} saved us]!" {replied} {hero}.
        [{fact.back}/{theend}/]
        """,
    ),
}
