/** The parts of ECharts that only the comparison draws with. */
import { ParallelChart, ScatterChart } from 'echarts/charts'
import { ParallelComponent } from 'echarts/components'
import { use } from 'echarts/core'

use([ParallelChart, ScatterChart, ParallelComponent])
